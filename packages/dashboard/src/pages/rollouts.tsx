import { IconRoute } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { call } from '../api.ts'
import { Asked } from '../parts/asked.tsx'
import { Empty } from '../parts/empty.tsx'
import { Files } from '../parts/files.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { rollouts } from '../queries.ts'
import { RolloutRow } from './rollout-row.tsx'

/** Every rollout, newest first. */
export function RolloutsPage(): ReactNode {
  const asked = useQuery(rollouts)
  return (
    <Page
      title="Rollouts"
      lead="Each moves a fleet to a revision, or to other settings, phase by phase."
      actions={<Files name="rollouts" read={() => call('listRollouts', {})} />}
    >
      <Asked of={asked}>
        {all => (
          <Panel flush>
            {all.map(rollout => (
              <RolloutRow key={rollout.id} rollout={rollout} />
            ))}
            {all.length === 0 && <None />}
          </Panel>
        )}
      </Asked>
    </Page>
  )
}

function None(): ReactNode {
  return (
    <Empty icon={IconRoute} title="Nothing has been rolled out yet">
      Move a channel to a revision on the <Link to="/releases">releases page</Link>, or with{' '}
      <code>npx steadfleet channel move</code>.
    </Empty>
  )
}
