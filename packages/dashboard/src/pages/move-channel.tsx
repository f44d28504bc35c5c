import { Select, Stack, Text } from '@mantine/core'
import type { ReleaseView } from '@steadfleet/protocol'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useNavigate } from 'react-router'
import { call } from '../api.ts'
import { useFleet } from '../fleet.ts'
import { toCount } from '../format/text.ts'
import { Confirm } from '../parts/confirm.tsx'
import { channels } from '../queries.ts'

interface MoveChannelProps {
  readonly name: string
  readonly releases: readonly ReleaseView[]
  onClose(): void
}

/** Points a channel at a revision, after saying which fleets that moves. */
export function MoveChannel({ name, releases, onClose }: MoveChannelProps): ReactNode {
  const { data: points = [] } = useQuery(channels)
  const mine = points.filter(point => point.package === name).map(point => point.channel)
  const [channel, setChannel] = useState<string>(mine[0] ?? 'latest/stable')
  const [revision, setRevision] = useState(releases[0]?.revision ?? 1)
  const move = useMove(name, channel, revision, onClose)
  const revisions = new Map(releases.map(release => [release.revision, release.version]))
  return (
    <Confirm
      opened
      title={`Move a channel of ${name}`}
      deed="Move and roll out"
      isBusy={move.isPending}
      error={move.error}
      onConfirm={() => move.mutate()}
      onClose={onClose}
    >
      <Stack gap="md">
        <Select
          label="Channel"
          data={[...new Set([...mine, 'latest/stable', 'latest/candidate', 'latest/beta'])]}
          value={channel}
          allowDeselect={false}
          onChange={given => given !== null && setChannel(given)}
        />
        <Select
          label="Revision"
          data={[...revisions].map(([number, version]) => ({
            value: String(number),
            label: `${number} (${version})`,
          }))}
          value={String(revision)}
          allowDeselect={false}
          onChange={given => given !== null && setRevision(Number(given))}
        />
        <Hits name={name} channel={channel} />
      </Stack>
    </Confirm>
  )
}

function useMove(name: string, channel: string, revision: number, onClose: () => void) {
  const client = useQueryClient()
  const go = useNavigate()
  const [publisher = '', short = ''] = name.split('/')
  const [track = '', risk = ''] = channel.split('/')
  return useMutation({
    mutationFn: () =>
      call('moveChannel', {
        params: { publisher, name: short, track, risk },
        body: { revision },
      }),
    onSuccess: async ({ rollouts: [first] }) => {
      onClose()
      await client.invalidateQueries({ queryKey: ['releases'] })
      await client.invalidateQueries({ queryKey: ['rollouts'] })
      if (first) await go(`/rollouts/${first.id}`)
    },
  })
}

/** Whom the move reaches: every fleet that follows the channel. */
function Hits({ name, channel }: { name: string; channel: string }): ReactNode {
  const { fleets } = useFleet()
  const hit = fleets.filter(fleet =>
    fleet.packages.some(each => each.package === name && each.channel === channel),
  )
  if (hit.length === 0)
    return (
      <Text size="sm" c="dimmed">
        No fleet follows this channel, so no device moves.
      </Text>
    )
  return hit.map(fleet => (
    <Text size="sm" key={fleet.name}>
      Starts a rollout over the {toCount(fleet.devices, 'device')} of fleet {fleet.name}: one device
      first, then a tenth, then all. It halts by itself when devices fail.
    </Text>
  ))
}
