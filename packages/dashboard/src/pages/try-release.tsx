import { Select, Stack, Text } from '@mantine/core'
import type { DeviceView, ReleaseView } from '@steadfleet/protocol'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call } from '../api.ts'
import { Confirm } from '../parts/confirm.tsx'

interface TryReleaseProps {
  readonly device: DeviceView
  /** Those that are for the device's architecture; at least one. */
  readonly releases: readonly [ReleaseView, ...ReleaseView[]]
  onClose(): void
}

/** Orders one revision on one device, outside any rollout. */
export function TryRelease({ device, releases, onClose }: TryReleaseProps): ReactNode {
  const names = [...new Set(releases.map(release => release.package as string))]
  const [name, setName] = useState<string>(releases[0].package)
  const [chosen, setChosen] = useState<number>()
  const offered = releases
    .filter(release => release.package === name)
    .toSorted((a, b) => b.revision - a.revision)
  const revision = chosen ?? offered[0]?.revision ?? 1
  const order = useTry(device, name, revision, onClose)
  return (
    <Confirm
      opened
      title={`Try a release on ${device.name}`}
      deed={`Order ${device.name}`}
      isBusy={order.isPending}
      error={order.error}
      onConfirm={() => order.mutate()}
      onClose={onClose}
    >
      <Stack gap="md">
        <Select
          label="Package"
          data={names}
          value={name}
          allowDeselect={false}
          onChange={given => {
            if (given !== null) setName(given)
            setChosen(undefined)
          }}
        />
        <Select
          label="Revision"
          data={offered.map(each => ({
            value: String(each.revision),
            label: `${each.revision} (${each.version})`,
          }))}
          value={String(revision)}
          allowDeselect={false}
          onChange={given => given !== null && setChosen(Number(given))}
        />
        <Text size="sm">
          Only {device.name} is ordered, outside any rollout. It takes the revision on probation and
          goes back by itself if it does not hold. No other device moves.
        </Text>
      </Stack>
    </Confirm>
  )
}

function useTry({ id }: DeviceView, of: string, revision: number, onClose: () => void) {
  const client = useQueryClient()
  const [publisher = '', name = ''] = of.split('/')
  return useMutation({
    mutationFn: () =>
      call('tryRelease', { params: { device: id, publisher, name }, body: { revision } }),
    onSuccess: async () => {
      onClose()
      await client.invalidateQueries({ queryKey: ['device'] })
    },
  })
}
