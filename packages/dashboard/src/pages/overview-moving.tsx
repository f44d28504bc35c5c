import { Text } from '@mantine/core'
import { IconRoute } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useFleet } from '../fleet.ts'
import { Asked } from '../parts/asked.tsx'
import { Empty } from '../parts/empty.tsx'
import { Panel } from '../parts/panel.tsx'
import { rollouts } from '../queries.ts'
import { RolloutRow } from './rollout-row.tsx'

/** The newest rollouts, those under way first. */
export function MovingPanel(): ReactNode {
  const { fleet } = useFleet()
  const asked = useQuery(rollouts)
  return (
    <Panel
      title="Rollouts"
      aside={
        <Link to="/rollouts">
          <Text size="sm">All rollouts</Text>
        </Link>
      }
      flush
    >
      <Asked of={asked}>
        {all => {
          const mine = all.filter(rollout => rollout.fleet === fleet.name)
          if (mine.length === 0) return <None />
          return mine.slice(0, 4).map(rollout => <RolloutRow key={rollout.id} rollout={rollout} />)
        }}
      </Asked>
    </Panel>
  )
}

function None(): ReactNode {
  return (
    <Empty icon={IconRoute} title="Nothing has been rolled out yet">
      Moving a channel to a revision starts a rollout. <Link to="/releases">See the releases</Link>
    </Empty>
  )
}
