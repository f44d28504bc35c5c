import { Code, Select, Stack, Text, TextInput } from '@mantine/core'
import type { DeviceAct } from '@steadfleet/domain'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call } from '../api.ts'
import { type ActDraft, actIn, actNames, emptyAct, fieldsOf, meaningOf } from '../device-act.ts'
import { toCount, toList } from '../format/text.ts'
import { Asked } from '../parts/asked.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { localProblem } from '../problem.ts'
import { deviceSetOf } from '../queries.ts'
import type { DeviceQuestion } from '../search.ts'

interface ActOnDevicesProps {
  readonly fleet: string
  readonly question: DeviceQuestion
  onClose(): void
}

/** Does one thing to every device that a search finds, after showing who that is. */
export function ActOnDevices({ fleet, question, onClose }: ActOnDevicesProps): ReactNode {
  const [draft, setDraft] = useState(emptyAct)
  const preview = useQuery(deviceSetOf(fleet, question))
  const act = useAct(fleet, question, onClose)
  return (
    <Confirm
      opened
      title="Act on devices"
      deed={`${actNames[draft.act]} ${toCount(preview.data?.devices ?? 0, 'device')}`}
      isGrave={draft.act === 'decommission'}
      isBusy={act.isPending}
      error={act.error}
      onConfirm={() => preview.data && act.mutate({ draft, set: preview.data.set })}
      onClose={onClose}
    >
      <Stack gap="md">
        <ActFields draft={draft} onChange={changes => setDraft({ ...draft, ...changes })} />
        <Asked of={preview}>
          {({ devices, first }) => (
            <Text size="sm" role="status">
              {devices === 0
                ? 'No device meets this search.'
                : `It hits ${toCount(devices, 'device')}: `}
              {toList(first.map(({ name }) => name))}
              {devices > first.length && ` and ${devices - first.length} more`}
            </Text>
          )}
        </Asked>
        {question.query && (
          <Text size="sm" c="dimmed">
            Found by <Code>{question.query}</Code>
          </Text>
        )}
      </Stack>
    </Confirm>
  )
}

interface ActFieldsProps {
  readonly draft: ActDraft
  onChange(changes: Partial<ActDraft>): void
}

/** What is done, with what it needs. */
export function ActFields({ draft, onChange }: ActFieldsProps): ReactNode {
  return (
    <>
      <Select
        label="What is done"
        data={Object.entries(actNames).map(([value, label]) => ({ value, label }))}
        value={draft.act}
        allowDeselect={false}
        onChange={value => value !== null && onChange({ act: value as DeviceAct['act'] })}
      />
      {fieldsOf(draft.act).map(({ field, label, hint }) => (
        <TextInput
          key={field}
          label={label}
          placeholder={hint}
          value={draft[field]}
          onChange={event => onChange({ [field]: event.currentTarget.value })}
        />
      ))}
      <Text size="sm" c="dimmed">
        {meaningOf(draft.act)}
      </Text>
    </>
  )
}

function useAct(fleet: string, question: DeviceQuestion, onClose: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async ({ draft, set }: { readonly draft: ActDraft; readonly set: string }) => {
      const act = actIn(draft)
      if (typeof act === 'string') throw localProblem('dashboard/act', act)
      const body = { ...question, set: set as never, act }
      return call('actOnDevices', { params: { fleet }, body })
    },
    onSuccess: async () => {
      onClose()
      for (const topic of ['devices', 'device', 'rollouts', 'settings']) {
        await client.invalidateQueries({ queryKey: [topic] })
      }
    },
    onError: () => client.invalidateQueries({ queryKey: ['devices', 'preview'] }),
  })
}
