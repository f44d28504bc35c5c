import { Text } from '@mantine/core'
import type { PersonView } from '@steadfleet/protocol'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { call } from '../api.ts'
import { Confirm } from '../parts/confirm.tsx'
import { people } from '../queries.ts'

interface RemovePersonProps {
  readonly person: PersonView
  onClose(): void
}

/** Takes a person away, after saying what ends with them. */
export function RemovePerson({ person, onClose }: RemovePersonProps): ReactNode {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => call('removePerson', { params: { person: person.id } }),
    onSuccess: async () => {
      onClose()
      await client.invalidateQueries(people)
    },
  })
  return (
    <Confirm
      opened
      title={`Remove ${person.name}`}
      deed="Remove"
      isGrave
      isBusy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        Their sessions, passkeys, recovery codes and links end at once. What they did stays in the
        audit log.
      </Text>
    </Confirm>
  )
}
