import { Select, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call } from '../api.ts'
import { toCount, toList } from '../format/text.ts'
import { conditionsOf, emptyGroup, faultIn, type GroupDraft } from '../group.ts'
import { Confirm } from '../parts/confirm.tsx'
import { localProblem } from '../problem.ts'
import { devicesOf } from '../queries.ts'
import { isInGroup } from '../search.ts'

interface MakeGroupProps {
  readonly fleet: string
  onClose(): void
}

/** Saves a query over the fleet as a group, and shows whom it finds while it is written. */
export function MakeGroup({ fleet, onClose }: MakeGroupProps): ReactNode {
  const [draft, setDraft] = useState(emptyGroup)
  const save = useSave(fleet, draft, onClose)
  return (
    <Confirm
      opened
      title="Make a group"
      deed="Save the group"
      isBusy={save.isPending}
      error={save.error}
      onConfirm={() => save.mutate()}
      onClose={onClose}
    >
      <Stack gap="md">
        <Conditions draft={draft} onChange={changes => setDraft({ ...draft, ...changes })} />
        <Found fleet={fleet} draft={draft} />
      </Stack>
    </Confirm>
  )
}

interface ConditionsProps {
  readonly draft: GroupDraft
  onChange(changes: Partial<GroupDraft>): void
}

function Conditions({ draft, onChange }: ConditionsProps): ReactNode {
  const text = (
    field: 'name' | 'prefix' | 'model' | 'attributes',
    label: string,
    hint?: string,
  ) => (
    <TextInput
      label={label}
      placeholder={hint}
      value={draft[field]}
      onChange={event => onChange({ [field]: event.currentTarget.value })}
    />
  )
  return (
    <>
      {text('name', 'Name of the group', 'north')}
      {text('prefix', 'Device name begins with')}
      {text('model', 'Model', 'acme/greenhouse-box')}
      <Select
        label="Architecture"
        placeholder="Any"
        data={['amd64', 'arm64']}
        value={draft.architecture}
        onChange={architecture =>
          onChange({ architecture: architecture as GroupDraft['architecture'] })
        }
      />
      {text('attributes', 'Attributes', 'site=north, floor=2')}
    </>
  )
}

/** Whom the group finds now; who meets its conditions later is in it then. */
function Found({ fleet, draft }: { fleet: string; draft: GroupDraft }): ReactNode {
  const { data: devices = [] } = useQuery(devicesOf(fleet))
  const conditions = conditionsOf(draft)
  const found = devices.filter(device => isInGroup(device, { conditions }))
  return (
    <Text size="sm" c="dimmed" role="status">
      Finds {toCount(found.length, 'device')}
      {found.length > 0 && `: ${toList(found.map(({ name }) => name))}`}.
    </Text>
  )
}

function useSave(fleet: string, draft: GroupDraft, onClose: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async () => {
      const fault = faultIn(draft)
      if (fault !== undefined) throw localProblem('dashboard/group', fault)
      const params = { fleet, group: draft.name }
      return call('putGroup', { params, body: { conditions: conditionsOf(draft) } })
    },
    onSuccess: async () => {
      onClose()
      await client.invalidateQueries({ queryKey: ['settings'] })
    },
  })
}
