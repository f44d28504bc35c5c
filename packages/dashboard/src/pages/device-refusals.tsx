import { Text } from '@mantine/core'
import type { DeviceView } from '@steadfleet/protocol'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { toCount } from '../format/text.ts'
import { type Fact, Facts } from '../parts/facts.tsx'
import { Moment } from '../parts/moment.tsx'
import { Panel } from '../parts/panel.tsx'
import { securityCounts } from '../queries.ts'

/** What a device refused, by code; nothing where it refused nothing. */
export function DeviceRefusals({ device: { id } }: { device: DeviceView }): ReactNode {
  const { data: counts = [] } = useQuery(securityCounts({ device: id }))
  if (counts.length === 0) return null
  const all = (
    <Link to={`/security?device=${id}`}>
      <Text size="sm">All of them</Text>
    </Link>
  )
  return (
    <Panel title="Refused" aside={all}>
      <Facts
        facts={counts.map(
          ({ code, count, newest }): Fact => [
            code,
            <span key={code}>
              {toCount(count, 'time')}, last <Moment at={newest} />
            </span>,
          ],
        )}
      />
    </Panel>
  )
}
