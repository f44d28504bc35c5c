import { Group, Text } from '@mantine/core'
import { devicesIn, type Move, type Rollout } from '@steadfleet/domain'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { toCount, toSentence } from '../format/text.ts'
import { DeviceLink } from '../parts/device-link.tsx'
import { Panel } from '../parts/panel.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { type PhaseProgress, phasesOf } from '../progress.ts'
import { movesOf } from '../queries.ts'
import { moveMeanings } from '../tone.ts'

/** So many devices of a phase are shown. */
const mostShown = 100

/** The phases of a rollout, each with its devices and how far they are. */
export function RolloutPhases({ rollout }: { rollout: Rollout }): ReactNode {
  return phasesOf(rollout).map((progress, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a phase is its place in the rollout
    <PhasePanel key={index} rollout={rollout.id} phase={index} progress={progress} />
  ))
}

interface PhasePanelProps {
  readonly rollout: number
  readonly phase: number
  readonly progress: PhaseProgress
}

function PhasePanel({ rollout, phase, progress }: PhasePanelProps): ReactNode {
  const { label, allows, tally } = progress
  const { data: moves = [] } = useQuery(movesOf(rollout, { phase, limit: mostShown }))
  const all = devicesIn(tally)
  return (
    <Panel
      title={`Phase ${phase + 1}: ${label}`}
      aside={
        <Text size="sm" c="dimmed">
          {tally.done} of {all} done · {allows}
        </Text>
      }
      flush
    >
      {moves.map(move => (
        <MoveRow key={move.device} move={move} />
      ))}
      <Rest shown={moves.length} all={all} />
    </Panel>
  )
}

function Rest({ shown, all }: { shown: number; all: number }): ReactNode {
  if (all > 0 && shown >= all) return null
  const text =
    all === 0 ? 'No device falls into this phase.' : `${toCount(all - shown, 'device')} more.`
  return (
    <Text c="dimmed" size="sm" className="panel-body">
      {text}
    </Text>
  )
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
