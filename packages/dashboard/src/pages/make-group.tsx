import { Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call } from '../api.ts'
import { toCount, toList } from '../format/text.ts'
import { emptyGroup, faultIn, type GroupDraft } from '../group.ts'
import { Asked } from '../parts/asked.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { localProblem } from '../problem.ts'
import { deviceSetOf } from '../queries.ts'

interface MakeGroupProps {
  readonly fleet: string
  onClose(): void
}

/** So long a person who types is waited for. */
const typingMs = 250

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
        <TextInput
          label="Name of the group"
          placeholder="north"
          value={draft.name}
          onChange={event => setDraft({ ...draft, name: event.currentTarget.value })}
        />
        <Textarea
          label="Query"
          description="In the Common Expression Language, of name, model, labels, attributes, packages, silent, held and more."
          placeholder={'labels.site == "north" && !silent'}
          value={draft.query}
          onChange={event => setDraft({ ...draft, query: event.currentTarget.value })}
          autosize
        />
        <Found fleet={fleet} query={draft.query} />
      </Stack>
    </Confirm>
  )
}

/** Whom the group finds now; who meets its query later is in it then. */
function Found({ fleet, query: typed }: { fleet: string; query: string }): ReactNode {
  const [query] = useDebouncedValue(typed.trim(), typingMs)
  return (
    <Asked of={useQuery(deviceSetOf(fleet, query === '' ? {} : { query }))}>
      {({ devices, first }) => (
        <Text size="sm" c="dimmed" role="status">
          Finds {toCount(devices, 'device')}
          {first.length > 0 && `: ${toList(first.map(({ name }) => name))}`}
          {devices > first.length && ` and ${devices - first.length} more`}.
        </Text>
      )}
    </Asked>
  )
}

function useSave(fleet: string, draft: GroupDraft, onClose: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async () => {
      const fault = faultIn(draft)
      if (fault !== undefined) throw localProblem('dashboard/group', fault)
      const params = { fleet, group: draft.name }
      return call('putGroup', { params, body: { query: draft.query } })
    },
    onSuccess: async () => {
      onClose()
      await client.invalidateQueries({ queryKey: ['settings'] })
    },
  })
}
