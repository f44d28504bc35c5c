import { Anchor, Group, Select } from '@mantine/core'
import { IconCircleCheck } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useSearchParams } from 'react-router'
import { addressOf } from '../api.ts'
import { useFleet } from '../fleet.ts'
import { Asked } from '../parts/asked.tsx'
import { Empty } from '../parts/empty.tsx'
import { FleetChoice } from '../parts/fleet-choice.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { type DefectQuery, defects } from '../queries.ts'
import { DefectRow } from './defect-row.tsx'

const shown = [
  { value: 'wanting', label: 'Open and regressed' },
  { value: 'resolved', label: 'Resolved' },
  { value: 'ignored', label: 'Ignored' },
  { value: 'all', label: 'All' },
]

/** What devices reported as failed, by fingerprint, what failed last first. */
export function FailuresPage(): ReactNode {
  const { fleet } = useFleet()
  const [search, setSearch] = useSearchParams()
  const show = search.get('show') ?? 'wanting'
  const query = { fleet: fleet.name, ...queryFor(show) }
  const asked = useQuery(defects(query))
  return (
    <Page
      title="Failures"
      lead="What fails, how often and where. What is said alike is one, whatever its times and numbers."
      actions={<FleetChoice />}
    >
      <Group justify="space-between" align="flex-end" gap="sm">
        <Select
          label="Show"
          data={shown}
          value={show}
          allowDeselect={false}
          onChange={value => setSearch(value === null ? {} : { show: value }, { replace: true })}
          w={220}
        />
        <Files query={query} />
      </Group>
      <Asked of={asked}>
        {all => (
          <Panel flush>
            {all.map(defect => (
              <DefectRow key={defect.id} defect={defect} />
            ))}
            {all.length === 0 && <Nothing isNarrow={show !== 'all'} />}
          </Panel>
        )}
      </Asked>
    </Page>
  )
}

function queryFor(show: string): DefectQuery {
  if (show === 'all') return {}
  return show === 'resolved' || show === 'ignored' ? { state: show } : { wanting: 'true' }
}

function Files({ query }: { query: DefectQuery }): ReactNode {
  return (
    <Group gap="md">
      {(['csv', 'jsonl'] as const).map(format => (
        <Anchor
          key={format}
          size="sm"
          href={addressOf('exportDefects', { query: { ...query, format } })}
          download={`failures.${format}`}
        >
          {format === 'csv' ? 'CSV' : 'JSON lines'}
        </Anchor>
      ))}
    </Group>
  )
}

function Nothing({ isNarrow }: { isNarrow: boolean }): ReactNode {
  const title = isNarrow
    ? 'No device reported a failure that wants you'
    : 'No device reported a failure'
  return (
    <Empty icon={IconCircleCheck} tone="good" title={title}>
      When an app dies or a change does not hold, it is here with its last lines. Choose All to see
      what was resolved; to hear of new ones elsewhere: <code>npx steadfleet webhook add URL</code>.
    </Empty>
  )
}
