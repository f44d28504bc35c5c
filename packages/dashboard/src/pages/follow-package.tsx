import { Select, Stack, Text } from '@mantine/core'
import type { ChannelName } from '@steadfleet/domain'
import type { FleetView } from '@steadfleet/protocol'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call } from '../api.ts'
import { toCount } from '../format/text.ts'
import { Confirm } from '../parts/confirm.tsx'
import { channels, releases } from '../queries.ts'

interface FollowPackageProps {
  readonly fleet: FleetView
  onClose(): void
}

/** Lets a fleet run a package, after saying what that sets in motion. */
export function FollowPackage({ fleet, onClose }: FollowPackageProps): ReactNode {
  const { data: published = [] } = useQuery(releases)
  const { data: points = [] } = useQuery(channels)
  const names = [...new Set(published.map(release => release.package as string))]
  const [chosen, setChosen] = useState<string>()
  const [channel, setChannel] = useState('latest/stable')
  const name = chosen ?? names.find(each => !follows(fleet, each)) ?? names[0]
  const follow = useFollow(fleet.name, name ?? '', channel, onClose)
  const mine = points.filter(point => point.package === name)
  return (
    <Confirm
      opened
      title={`Follow a channel in fleet ${fleet.name}`}
      deed="Follow"
      isBusy={follow.isPending}
      error={follow.error}
      onConfirm={() => follow.mutate()}
      onClose={onClose}
    >
      <Stack gap="md">
        <Select
          label="Package"
          data={names}
          value={name ?? null}
          allowDeselect={false}
          onChange={given => given !== null && setChosen(given)}
        />
        <Select
          label="Channel"
          data={[...new Set([...mine.map(point => point.channel as string), 'latest/stable'])]}
          value={channel}
          allowDeselect={false}
          onChange={given => given !== null && setChannel(given)}
        />
        <Text size="sm">
          {consequence(fleet, mine.find(point => point.channel === channel)?.revision)}
        </Text>
      </Stack>
    </Confirm>
  )
}

function follows({ packages }: FleetView, name: string): boolean {
  return packages.some(followed => followed.package === name)
}

function consequence({ name, devices }: FleetView, revision: number | undefined): string {
  if (revision === undefined)
    return 'The channel points nowhere yet: no device moves until it does.'
  const under = toCount(devices, 'device')
  return `Starts a rollout of revision ${revision} over the ${under} of fleet ${name}, one device first.`
}

function useFollow(fleet: string, of: string, channel: string, onClose: () => void) {
  const client = useQueryClient()
  const [publisher = '', name = ''] = of.split('/')
  return useMutation({
    mutationFn: () =>
      call('followChannel', {
        params: { fleet, publisher, name },
        body: { channel: channel as ChannelName },
      }),
    onSuccess: async () => {
      onClose()
      for (const topic of ['devices', 'rollouts'])
        await client.invalidateQueries({ queryKey: [topic] })
    },
  })
}
