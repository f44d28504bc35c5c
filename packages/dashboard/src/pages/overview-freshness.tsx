import { Group, Stack, Text } from '@mantine/core'
import { IconPackage } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useFleet } from '../fleet.ts'
import { toCount } from '../format/text.ts'
import { Asked } from '../parts/asked.tsx'
import { Empty } from '../parts/empty.tsx'
import { Panel } from '../parts/panel.tsx'
import { ShareBar } from '../parts/share-bar.tsx'
import { type Freshness, freshnessOf, toPercent } from '../progress.ts'
import { channels, devicesOf } from '../queries.ts'

/** How much of the fleet runs the newest revision of each package it follows. */
export function FreshnessPanel(): ReactNode {
  const { fleet } = useFleet()
  const { data: devices = [] } = useQuery(devicesOf(fleet.name))
  const pointed = useQuery(channels)
  return (
    <Panel title="On the newest revision" flush>
      <Asked of={pointed}>
        {points => {
          const rows = freshnessOf(fleet, points, devices)
          return rows.length > 0 ? rows.map(row => <Row key={row.package} {...row} />) : <None />
        }}
      </Asked>
    </Panel>
  )
}

function Row(row: Freshness): ReactNode {
  const { channel, revision, fresh, devices } = row
  const others = row.others.map(([other, count]) => `${count} on revision ${other}`)
  const label = [`${fresh} of ${toCount(devices, 'device')}`, ...others].join(', ')
  return (
    <Stack className="panel-row" gap={8}>
      <Group justify="space-between" align="baseline" wrap="nowrap">
        <div>
          <Link className="quiet-link" to="/releases">
            {row.package}
          </Link>
          <Text size="sm" c="dimmed">
            {revision === undefined
              ? `${channel} points nowhere yet`
              : `revision ${revision} on ${channel}`}
          </Text>
        </div>
        <Text fw={650} size="xl" component="span">
          {toPercent(fresh, devices)} %
        </Text>
      </Group>
      <ShareBar
        label={label}
        shares={[
          { tone: 'good', count: fresh },
          { tone: 'quiet', count: devices - fresh },
        ]}
      />
      <Text size="sm" c="dimmed">
        {label}
      </Text>
    </Stack>
  )
}

function None(): ReactNode {
  return (
    <Empty icon={IconPackage} title="This fleet follows no package">
      Publish one with <code>npx steadfleet publish</code>, then let the fleet follow its channel
      with <code>npx steadfleet channel follow</code>.
    </Empty>
  )
}
