import type { HealthSpan } from '@steadfleet/domain'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Asked } from '../parts/asked.tsx'
import { HealthCharts, SpanChoice } from '../parts/health-charts.tsx'
import { Panel } from '../parts/panel.tsx'
import { healthOfDevice } from '../queries.ts'

/** How a device was over the last day, month or years. */
export function DeviceHealth({ device }: { device: string }): ReactNode {
  const [span, setSpan] = useState<HealthSpan>('day')
  return (
    <Panel title="Health" aside={<SpanChoice span={span} onChoose={setSpan} />}>
      <Asked of={useQuery(healthOfDevice(device, span))}>
        {points => <HealthCharts points={points} />}
      </Asked>
    </Panel>
  )
}
