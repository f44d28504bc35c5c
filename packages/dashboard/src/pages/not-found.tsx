import { IconCompass } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { Empty } from '../parts/empty.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'

/** For an address that names no page. */
export function NotFoundPage(): ReactNode {
  return (
    <Page title="No such page">
      <Panel flush>
        <Empty icon={IconCompass} title="This address names nothing here">
          <Link to="/">Go to the overview</Link>
        </Empty>
      </Panel>
    </Page>
  )
}
