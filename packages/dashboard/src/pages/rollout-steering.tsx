import { Button, Group, Text } from '@mantine/core'
import type { Move, Rollout } from '@steadfleet/domain'
import { goalOf } from '@steadfleet/protocol'
import {
  type Icon,
  IconPlayerPause,
  IconPlayerPlay,
  IconUserCheck,
  IconX,
} from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call } from '../api.ts'
import { toSentence } from '../format/text.ts'
import { Confirm } from '../parts/confirm.tsx'
import { devicesOf, movesOf } from '../queries.ts'
import { consequenceOf, type Steer, steersOf } from '../steering.ts'

const icons: Readonly<Record<Steer, Icon>> = {
  approve: IconUserCheck,
  start: IconPlayerPlay,
  pause: IconPlayerPause,
  resume: IconPlayerPlay,
  cancel: IconX,
}

/** Approve, start, pause, resume and cancel; each first says whom it hits. */
export function RolloutSteering({ rollout }: { rollout: Rollout }): ReactNode {
  const [asking, setAsking] = useState<Steer>()
  return (
    <Group gap="sm">
      {steersOf[rollout.state].map(steer => {
        const Glyph = icons[steer]
        return (
          <Button
            key={steer}
            variant="default"
            leftSection={<Glyph size={16} />}
            onClick={() => setAsking(steer)}
          >
            {toSentence(steer)}
          </Button>
        )
      })}
      {asking && <Asking steer={asking} rollout={rollout} onClose={() => setAsking(undefined)} />}
    </Group>
  )
}

interface AskingProps {
  readonly steer: Steer
  readonly rollout: Rollout
  onClose(): void
}

function Asking({ steer, rollout, onClose }: AskingProps): ReactNode {
  const client = useQueryClient()
  const { data: devices = [] } = useQuery(devicesOf(rollout.fleet))
  const { data: waiting = [] } = useQuery(movesOf(rollout.id, { state: 'waiting', limit: 3 }))
  const deed = useMutation({
    mutationFn: () => call('steerRollout', { params: { rollout: rollout.id, event: steer } }),
    onSuccess: () => {
      onClose()
      return client.invalidateQueries({ queryKey: ['rollouts'] })
    },
  })
  const nameOf = (move: Move) =>
    devices.find(device => device.id === move.device)?.name ?? move.device
  return (
    <Confirm
      opened
      title={`${toSentence(steer)} the rollout of ${rollout.package} ${goalOf(rollout)}?`}
      deed={`${toSentence(steer)} rollout`}
      isGrave={steer === 'cancel'}
      isBusy={deed.isPending}
      error={deed.error}
      onConfirm={() => deed.mutate()}
      onClose={onClose}
    >
      <Text>{consequenceOf(steer, rollout, waiting.map(nameOf))}</Text>
    </Confirm>
  )
}
