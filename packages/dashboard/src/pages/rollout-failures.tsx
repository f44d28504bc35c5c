import type { Rollout } from '@steadfleet/domain'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Panel } from '../parts/panel.tsx'
import { failuresOf } from '../progress.ts'
import { failures } from '../queries.ts'
import { FailureRow } from './failure-row.tsx'

/** What the devices of a rollout said when its release failed on them. */
export function RolloutFailures({ rollout }: { rollout: Rollout }): ReactNode {
  const { data = [] } = useQuery(failures)
  const mine = failuresOf(rollout, data)
  if (mine.length === 0) return null
  return (
    <Panel title="What the devices said" flush>
      {mine.map(view => (
        <FailureRow key={view.id} view={view} />
      ))}
    </Panel>
  )
}
