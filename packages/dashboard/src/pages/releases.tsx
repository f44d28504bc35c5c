import { IconPackage } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { call } from '../api.ts'
import { Asked } from '../parts/asked.tsx'
import { CopyLine } from '../parts/copy-line.tsx'
import { Empty } from '../parts/empty.tsx'
import { Files } from '../parts/files.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { releases } from '../queries.ts'
import { PackagePanel } from './package-panel.tsx'

/** Every release, package by package. */
export function ReleasesPage(): ReactNode {
  const asked = useQuery(releases)
  return (
    <Page
      title="Releases"
      lead="What publishers signed, and which channel names it."
      actions={<Files name="releases" read={() => call('listReleases', { query: {} })} />}
    >
      <Asked of={asked}>
        {all => {
          const packages = Map.groupBy(all, release => release.package)
          if (packages.size === 0) return <None />
          return [...packages].map(([name, of]) => (
            <PackagePanel key={name} name={name} releases={of} />
          ))
        }}
      </Asked>
    </Page>
  )
}

function None(): ReactNode {
  return (
    <Panel flush>
      <Empty icon={IconPackage} title="Nothing is published yet">
        Pack and publish a folder that holds a <code>steadfleet.yaml</code>:
      </Empty>
      <div className="panel-body">
        <CopyLine line="npx steadfleet publish examples/greenhouse" />
      </div>
    </Panel>
  )
}
