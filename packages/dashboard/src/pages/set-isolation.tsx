import { Text } from '@mantine/core'
import type { PackageName } from '@steadfleet/domain'
import type { DeviceView } from '@steadfleet/protocol'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { call } from '../api.ts'
import { Confirm } from '../parts/confirm.tsx'

interface SetIsolationProps {
  readonly device: DeviceView
  /** Absent for all of the device’s packages. */
  readonly name: string | undefined
  readonly isIsolated: boolean
  onClose(): void
}

/** Cuts a package or all of a device off, or lets it go again, after saying what that means. */
export function SetIsolation({ device, name, isIsolated, onClose }: SetIsolationProps): ReactNode {
  const client = useQueryClient()
  const what = name ?? 'all packages'
  const set = useMutation({
    mutationFn: () =>
      call(isIsolated ? 'isolateDevice' : 'releaseDevice', {
        params: { device: device.id },
        body: name === undefined ? {} : { package: name as PackageName },
      }),
    onSuccess: async () => {
      onClose()
      for (const topic of ['settings', 'device', 'devices'])
        await client.invalidateQueries({ queryKey: [topic] })
    },
  })
  return (
    <Confirm
      opened
      title={`${isIsolated ? 'Isolate' : 'Release'} ${what} on ${device.name}`}
      deed={isIsolated ? 'Isolate' : 'Release'}
      isGrave={isIsolated}
      isBusy={set.isPending}
      error={set.error}
      onConfirm={() => set.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        {isIsolated
          ? `From its next order on, in seconds, nothing gets in or out of ${what} on ${device.name}. Its agent still reaches this server. No other device is touched.`
          : `${device.name} gives ${what} its networks back, as far as they are granted. No other device is touched.`}
      </Text>
    </Confirm>
  )
}
