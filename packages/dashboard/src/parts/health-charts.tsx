import { Group, SegmentedControl, SimpleGrid, Text } from '@mantine/core'
import type { HealthMetric, HealthSpan, HealthView } from '@steadfleet/domain'
import type { ReactNode } from 'react'
import { latestText, lineThrough, measuredIn, metricWords } from '../health.ts'

const box = { width: 240, height: 60 }
const spans = [
  { value: 'day', label: 'Day' },
  { value: 'month', label: 'Month' },
  { value: 'years', label: 'Years' },
] as const satisfies readonly { value: HealthSpan; label: string }[]

interface SpanChoiceProps {
  readonly span: HealthSpan
  onChoose(span: HealthSpan): void
}

/** How far back is looked. */
export function SpanChoice({ span, onChoose }: SpanChoiceProps): ReactNode {
  return (
    <SegmentedControl
      size="xs"
      aria-label="How far back"
      data={[...spans]}
      value={span}
      onChange={onChoose}
    />
  )
}

/** A small chart for each metric that was measured. */
export function HealthCharts({ points }: { points: readonly HealthView[] }): ReactNode {
  const metrics = measuredIn(points)
  if (metrics.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nothing was measured yet. Devices send what they measured with their check-ins.
      </Text>
    )
  }
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
      {metrics.map(metric => (
        <Chart key={metric} points={points} metric={metric} />
      ))}
    </SimpleGrid>
  )
}

interface ChartProps {
  readonly points: readonly HealthView[]
  readonly metric: HealthMetric
}

function Chart({ points, metric }: ChartProps): ReactNode {
  const { title } = metricWords[metric]
  const latest = latestText(points, metric)
  return (
    <div>
      <Group justify="space-between" gap="xs">
        <Text size="sm">{title}</Text>
        <Text size="sm" fw={600}>
          {latest}
        </Text>
      </Group>
      <svg
        role="img"
        aria-label={`${title}, now ${latest}`}
        viewBox={`0 -2 ${box.width} ${box.height + 4}`}
        preserveAspectRatio="none"
        style={{ width: '100%', height: box.height, display: 'block' }}
      >
        <path
          d={lineThrough(points, metric, box)}
          fill="none"
          stroke="var(--mantine-primary-color-filled)"
          strokeWidth={1.5}
          strokeLinecap="round"
          vectorEffect="non-scaling-stroke"
        />
      </svg>
    </div>
  )
}
