import { Button, Group, Stack, Text } from '@mantine/core'
import { type SettingChangeView, toSettingText } from '@steadfleet/protocol'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link } from 'react-router'
import { call } from '../api.ts'
import { Confirm } from '../parts/confirm.tsx'
import { Moment } from '../parts/moment.tsx'
import { settingChangesOf } from '../queries.ts'

interface SettingHistoryProps {
  readonly fleet: string
  readonly of: string
}

/** Who gave a package which values, the newest first, each with a way back. */
export function SettingHistory({ fleet, of }: SettingHistoryProps): ReactNode {
  const { data: changes = [] } = useQuery(settingChangesOf(fleet, of))
  if (changes.length === 0) return null
  return (
    <Stack gap="xs" mt="md" role="list" aria-label={`Changes of the settings of ${of}`}>
      {changes.map(change => (
        <Change key={change.id} fleet={fleet} change={change} />
      ))}
    </Stack>
  )
}

interface ChangeProps {
  readonly fleet: string
  readonly change: SettingChangeView
}

function Change({ fleet, change }: ChangeProps): ReactNode {
  const [isAsked, setAsked] = useState(false)
  const { id, scope, name, by, at, before, after, rollout } = change
  return (
    <Group role="listitem" justify="space-between" gap="sm" wrap="nowrap">
      <Text size="sm" component="div" style={{ overflowWrap: 'anywhere' }}>
        {by}, for {scope} {name}: {valuesText(before)} → {valuesText(after)}
        {at !== '' && (
          <>
            , <Moment at={at} />
          </>
        )}
        {rollout !== undefined && (
          <>
            , <Link to={`/rollouts/${rollout}`}>rollout {rollout}</Link>
          </>
        )}
      </Text>
      <Button
        size="compact-sm"
        variant="default"
        aria-label={`Undo change ${id}`}
        onClick={() => setAsked(true)}
      >
        Undo
      </Button>
      {isAsked && <Undo fleet={fleet} change={change} onClose={() => setAsked(false)} />}
    </Group>
  )
}

function Undo({ fleet, change, onClose }: ChangeProps & { onClose(): void }): ReactNode {
  const client = useQueryClient()
  const { id, scope, name, before } = change
  const undo = useMutation({
    mutationFn: () => call('revertSettings', { params: { fleet, change: id }, body: {} }),
    onSuccess: async () => {
      onClose()
      for (const topic of ['settings', 'rollouts'])
        await client.invalidateQueries({ queryKey: [topic] })
    },
  })
  return (
    <Confirm
      opened
      title={`Undo change ${id}?`}
      deed="Undo change"
      isGrave={false}
      isBusy={undo.isPending}
      error={undo.error}
      onConfirm={() => undo.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        {scope} {name} is given {valuesText(before)} again
        {scope === 'device' ? ', at once.' : ', by a rollout as the fleet’s policy wants it.'}
      </Text>
    </Confirm>
  )
}

function valuesText(values: SettingChangeView['after']): string {
  const words = Object.entries(values).map(([name, value]) => `${name} ${toSettingText(value)}`)
  return words.length === 0 ? 'nothing' : words.join(', ')
}
