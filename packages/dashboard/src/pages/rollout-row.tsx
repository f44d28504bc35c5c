import { Group, Stack, Text } from '@mantine/core'
import type { Rollout } from '@steadfleet/domain'
import { goalOf } from '@steadfleet/protocol'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { toSentence } from '../format/text.ts'
import { Moment } from '../parts/moment.tsx'
import { MoveBar } from '../parts/move-bar.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { rolloutMeanings } from '../tone.ts'

/** One rollout in a list: what moves where, and how far it is. */
export function RolloutRow({ rollout }: { rollout: Rollout }): ReactNode {
  const { tone, means } = rolloutMeanings[rollout.state]
  return (
    <Link className="panel-row" to={`/rollouts/${rollout.id}`}>
      <Stack gap={8} style={{ flex: 1, minWidth: 0 }}>
        <Group justify="space-between" gap="xs">
          <Text fw={600}>
            {rollout.package} → {goalOf(rollout)}
          </Text>
          <ToneBadge tone={tone} means={means}>
            {toSentence(rollout.state)}
          </ToneBadge>
        </Group>
        <MoveBar tallies={rollout.tallies} />
        <Text size="sm" c="dimmed" component="div">
          Fleet {rollout.fleet}, {rollout.channel}, <Moment at={rollout.createdAt} />
        </Text>
        {rollout.state === 'halted' && (
          <Text size="sm" c="var(--bad)" fw={500}>
            {toSentence(rollout.why)}
          </Text>
        )}
      </Stack>
    </Link>
  )
}
