import type { HealthSpan } from '@steadfleet/domain'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Asked } from '../parts/asked.tsx'
import { HealthCharts, SpanChoice } from '../parts/health-charts.tsx'
import { Panel } from '../parts/panel.tsx'
import { healthOfFleet } from '../queries.ts'

/** How the devices of a fleet were, as one: means, and all restarts together. */
export function FleetHealth({ fleet }: { fleet: string }): ReactNode {
  const [span, setSpan] = useState<HealthSpan>('day')
  return (
    <Panel title="Health of its devices" aside={<SpanChoice span={span} onChoose={setSpan} />}>
      <Asked of={useQuery(healthOfFleet(fleet, span))}>
        {points => <HealthCharts points={points} />}
      </Asked>
    </Panel>
  )
}
