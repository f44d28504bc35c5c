import { Group, Stack, Text } from '@mantine/core'
import type { listShares, ReplyOf } from '@steadfleet/protocol'
import { IconPackage } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useFleet } from '../fleet.ts'
import { toCount } from '../format/text.ts'
import { Asked } from '../parts/asked.tsx'
import { Columns } from '../parts/columns.tsx'
import { Empty } from '../parts/empty.tsx'
import { Panel } from '../parts/panel.tsx'
import { ShareBar } from '../parts/share-bar.tsx'
import { toPercent } from '../progress.ts'
import { sharesOf } from '../queries.ts'

type ShareView = ReplyOf<typeof listShares>[number]

/** How much of the fleet runs the newest revision of each package it follows, and did over time. */
export function FreshnessPanel(): ReactNode {
  const { fleet } = useFleet()
  const asked = useQuery(sharesOf(fleet.name))
  return (
    <Panel title="On the newest revision" flush>
      <Asked of={asked}>
        {rows => (rows.length > 0 ? rows.map(row => <Row key={row.package} {...row} />) : <None />)}
      </Asked>
    </Panel>
  )
}

function Row(row: ShareView): ReactNode {
  const { channel, revision, fresh, devices, history } = row
  const label = `${fresh} of ${toCount(devices, 'device')}`
  const over = history.map(one => toPercent(one.fresh, one.devices))
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
      {over.length > 1 && (
        <Columns
          counts={over}
          tone="good"
          label={`Over time from ${over[0]} % at ${history[0]?.at} to ${over.at(-1)} %`}
        />
      )}
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
