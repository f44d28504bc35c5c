import { Text } from '@mantine/core'
import type { FleetView } from '@steadfleet/protocol'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { call } from '../api.ts'
import { toCount } from '../format/text.ts'
import { Confirm } from '../parts/confirm.tsx'

interface UnfollowPackageProps {
  readonly fleet: FleetView
  readonly name: string
  onClose(): void
}

/** Takes a package from a fleet, after saying that its devices will no longer run it. */
export function UnfollowPackage({ fleet, name, onClose }: UnfollowPackageProps): ReactNode {
  const client = useQueryClient()
  const [publisher = '', short = ''] = name.split('/')
  const stop = useMutation({
    mutationFn: () =>
      call('unfollowPackage', { params: { fleet: fleet.name, publisher, name: short } }),
    onSuccess: async () => {
      onClose()
      for (const topic of ['devices', 'rollouts'])
        await client.invalidateQueries({ queryKey: [topic] })
    },
  })
  return (
    <Confirm
      opened
      title={`Stop following ${name}`}
      deed="Stop following"
      isGrave
      isBusy={stop.isPending}
      error={stop.error}
      onConfirm={() => stop.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        The {toCount(fleet.devices, 'device')} of fleet {fleet.name} will be ordered to remove{' '}
        {name} and will no longer run it.
      </Text>
    </Confirm>
  )
}
