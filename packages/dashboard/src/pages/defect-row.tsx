import { Group, Text } from '@mantine/core'
import type { DefectView } from '@steadfleet/protocol'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { defectMeanings, failureKinds, spanOf, trendInWords } from '../defects.ts'
import { toCount, toSentence } from '../format/text.ts'
import { Columns } from '../parts/columns.tsx'
import { Moment } from '../parts/moment.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'

/** One defect in a list: what it is, where, how often, and the way to all of it. */
export function DefectRow({ defect }: { defect: DefectView }): ReactNode {
  const { id, state, kind, title, devices, count, lastSeen, isNew } = defect
  const { tone, means } = defectMeanings[state]
  return (
    <Group className="panel-row" justify="space-between" gap="md" component="article">
      <div style={{ flex: '1 1 260px', minWidth: 0 }}>
        <Group gap={8}>
          <ToneBadge tone={tone} means={means}>
            {toSentence(state)}
          </ToneBadge>
          {isNew && <ToneBadge tone="warn">New in this release</ToneBadge>}
          <Text size="sm" c="dimmed">
            {failureKinds[kind]}
          </Text>
        </Group>
        <Link className="quiet-link" to={`/failures/${id}`}>
          <Text fw={600} component="span" style={{ overflowWrap: 'anywhere' }}>
            {title}
          </Text>
        </Link>
        <Text size="sm" c="dimmed">
          {defect.package} {spanOf(defect)} · {toCount(devices, 'device')} ·{' '}
          {toCount(count, 'time')} · <Moment at={lastSeen} />
        </Text>
      </div>
      <div style={{ flex: '0 1 190px', minWidth: 120 }}>
        <Columns counts={defect.trend} label={trendInWords(defect)} />
      </div>
    </Group>
  )
}
