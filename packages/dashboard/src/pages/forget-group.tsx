import { Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { call } from '../api.ts'
import { Confirm } from '../parts/confirm.tsx'

interface ForgetGroupProps {
  readonly fleet: string
  readonly name: string
  onClose(): void
}

/** Forgets a group, after saying what goes with it. */
export function ForgetGroup({ fleet, name, onClose }: ForgetGroupProps): ReactNode {
  const client = useQueryClient()
  const forget = useMutation({
    mutationFn: () => call('removeGroup', { params: { fleet, group: name } }),
    onSuccess: async () => {
      onClose()
      await client.invalidateQueries({ queryKey: ['settings'] })
    },
  })
  return (
    <Confirm
      opened
      title={`Forget group ${name}`}
      deed="Forget"
      isGrave
      isBusy={forget.isPending}
      error={forget.error}
      onConfirm={() => forget.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        The settings given to it go with it: its devices are ordered to take those of the fleet, or
        the packages’ own. No device leaves the fleet.
      </Text>
    </Confirm>
  )
}
