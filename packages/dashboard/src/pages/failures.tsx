import { IconCircleCheck } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Asked } from '../parts/asked.tsx'
import { Empty } from '../parts/empty.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { failures } from '../queries.ts'
import { FailureRow } from './failure-row.tsx'

/** What devices reported as failed, newest first, with what the app said last. */
export function FailuresPage(): ReactNode {
  const asked = useQuery(failures)
  return (
    <Page title="Failures" lead="As devices reported them, with the last lines the app printed.">
      <Asked of={asked}>
        {all => (
          <Panel flush>
            {all.map(view => (
              <FailureRow key={view.id} view={view} />
            ))}
            {all.length === 0 && (
              <Empty icon={IconCircleCheck} tone="good" title="No device reported a failure">
                When an app dies or a change does not hold, its last lines are here.
              </Empty>
            )}
          </Panel>
        )}
      </Asked>
    </Page>
  )
}
