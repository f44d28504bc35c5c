import { Group, Text } from '@mantine/core'
import type { Move, Rollout } from '@steadfleet/domain'
import type { ReactNode } from 'react'
import { toSentence } from '../format/text.ts'
import { DeviceLink } from '../parts/device-link.tsx'
import { Panel } from '../parts/panel.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { phasesOf, tally } from '../progress.ts'
import { moveMeanings } from '../tone.ts'

/** The phases of a rollout, each with its devices and how far they are. */
export function RolloutPhases({ rollout }: { rollout: Rollout }): ReactNode {
  return phasesOf(rollout).map(({ label, allows, moves }, index) => (
    <Panel
      // biome-ignore lint/suspicious/noArrayIndexKey: a phase is its place in the rollout
      key={index}
      title={`Phase ${index + 1}: ${label}`}
      aside={
        <Text size="sm" c="dimmed">
          {tally(moves).done} of {moves.length} done · {allows}
        </Text>
      }
      flush
    >
      {moves.map(move => (
        <MoveRow key={move.device} move={move} />
      ))}
      {moves.length === 0 && (
        <Text c="dimmed" size="sm" className="panel-body">
          No device falls into this phase.
        </Text>
      )}
    </Panel>
  ))
}

function MoveRow({ move }: { move: Move }): ReactNode {
  const { tone, means } = moveMeanings[move.state]
  return (
    <Group className="panel-row" justify="space-between">
      <DeviceLink id={move.device} />
      <ToneBadge tone={tone} means={means}>
        {toSentence(move.state)}
      </ToneBadge>
    </Group>
  )
}
