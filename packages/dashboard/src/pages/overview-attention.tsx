import { Group, Text } from '@mantine/core'
import { IconAlertTriangle, IconChevronRight, IconCircleCheck, IconPlus } from '@tabler/icons-react'
import { useQueries } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { type Attention, attentionOf } from '../attention.ts'
import { useFleet } from '../fleet.ts'
import { toCount } from '../format/text.ts'
import { useNow } from '../now.ts'
import { Empty } from '../parts/empty.tsx'
import { Mark } from '../parts/mark.tsx'
import { Moment } from '../parts/moment.tsx'
import { Panel } from '../parts/panel.tsx'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { devicesOf, failures, roles, rollouts, securityEvents } from '../queries.ts'

/** What needs a person now. */
export function AttentionPanel(): ReactNode {
  const { fleet } = useFleet()
  const now = useNow()
  const asked = useQueries({
    queries: [
      devicesOf(fleet.name),
      rollouts,
      failures,
      securityEvents({ fleet: fleet.name }),
      roles,
    ],
  })
  const [devices, moving, failed, security, signing] = asked
  const problem = asked.find(({ isError }) => isError)
  if (problem) return <ProblemNotice error={problem.error} onRetry={() => void problem.refetch()} />
  const known = {
    devices: devices.data ?? [],
    rollouts: (moving.data ?? []).filter(rollout => rollout.fleet === fleet.name),
    failures: failed.data ?? [],
    security: security.data ?? [],
    roles: signing.data ?? [],
  }
  const wanting = attentionOf(known, now)
  const aside = wanting.length > 0 && (
    <Text size="sm" c="dimmed">
      {toCount(wanting.length, 'thing')}
    </Text>
  )
  return (
    <Panel title="Needs you now" aside={aside} flush>
      {wanting.map(each => (
        <AttentionRow key={each.key} item={each} />
      ))}
      {wanting.length === 0 && asked.every(({ isSuccess }) => isSuccess) && (
        <Calm devices={known.devices.length} />
      )}
    </Panel>
  )
}

function AttentionRow({ item: { tone, what, why, at, to } }: { item: Attention }): ReactNode {
  return (
    <Link className="panel-row" to={to}>
      <Mark icon={IconAlertTriangle} tone={tone} />
      <div style={{ flex: 1, minWidth: 0 }}>
        <Group justify="space-between" gap="xs">
          <Text fw={600}>{what}</Text>
          {at !== undefined && (
            <Text size="sm" c="dimmed" component="span">
              <Moment at={at} />
            </Text>
          )}
        </Group>
        <Text size="sm" c="dimmed" lineClamp={2}>
          {why}
        </Text>
      </div>
      <IconChevronRight
        size={18}
        aria-hidden="true"
        style={{ alignSelf: 'center', flex: 'none' }}
      />
    </Link>
  )
}

function Calm({ devices }: { devices: number }): ReactNode {
  if (devices > 0)
    return (
      <Empty icon={IconCircleCheck} tone="good" title="Nothing needs you">
        No rollout is halted, nothing failed or was refused today, no device is silent, no role is
        about to expire.
      </Empty>
    )
  return (
    <Empty icon={IconPlus} title="This fleet has no device yet">
      <Link to="/enrol">Enrol the first one</Link>: it takes one line on the machine that joins.
    </Empty>
  )
}
