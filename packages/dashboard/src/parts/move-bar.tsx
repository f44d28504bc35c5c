import { Stack, Text } from '@mantine/core'
import { type MoveState, sumTallies, type Tally } from '@steadfleet/domain'
import type { ReactNode } from 'react'
import { moveMeanings } from '../tone.ts'
import { ShareBar } from './share-bar.tsx'

const order: readonly MoveState[] = [
  'done',
  'ordered',
  'failed',
  'rolled back',
  'silent',
  'away',
  'recalled',
  'waiting',
]

/** How far the devices of a rollout are, as a bar and in words. */
export function MoveBar({ tallies }: { tallies: readonly Tally[] }): ReactNode {
  const counts = sumTallies(tallies)
  const states = order.filter(state => counts[state] > 0)
  const label = states.map(state => `${counts[state]} ${state}`).join(', ') || 'no device'
  return (
    <Stack gap={6}>
      <ShareBar
        label={label}
        shares={states.map(state => ({ tone: moveMeanings[state].tone, count: counts[state] }))}
      />
      <Text size="sm" c="dimmed">
        {label}
      </Text>
    </Stack>
  )
}
