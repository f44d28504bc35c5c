import type { HealthMetric, HealthView } from '@steadfleet/domain'

/** How a metric is told to people. */
export interface MetricWords {
  readonly title: string
  readonly unit: string
  /** A raw value as people read it. */
  readonly scale: number
  /** From 0 to here, where the metric has a natural end. */
  readonly most?: number
}

const share = { unit: '%', scale: 0.1, most: 1000 }

export const metricWords: Readonly<Record<HealthMetric, MetricWords>> = {
  cpu: { title: 'Processor', ...share },
  memory: { title: 'Memory', ...share },
  disk: { title: 'Disk', ...share },
  temperature: { title: 'Temperature', unit: '°C', scale: 0.1 },
  signal: { title: 'Signal', unit: 'dBm', scale: 1 },
  restarts: { title: 'Restarts of apps', unit: '', scale: 1 },
}

/** Metrics of which at least one point tells something. */
export function measuredIn(points: readonly HealthView[]): HealthMetric[] {
  const metrics = Object.keys(metricWords) as HealthMetric[]
  return metrics.filter(metric => points.some(point => point[metric] !== null))
}

/** The newest value in words. */
export function latestText(points: readonly HealthView[], metric: HealthMetric): string {
  const newest = points.findLast(point => point[metric] !== null)?.[metric]
  return newest == null ? 'not measured' : valueText(metric, newest)
}

export function valueText(metric: HealthMetric, value: number): string {
  const { unit, scale } = metricWords[metric]
  const shown = Math.round(value * scale * 10) / 10
  return unit === '' ? `${shown}` : `${shown} ${unit}`
}

/** A line through the points in a box of `width` × `height`; a gap in time is a gap in the line. */
export function lineThrough(
  points: readonly HealthView[],
  metric: HealthMetric,
  box: { readonly width: number; readonly height: number },
): string {
  const known = points.flatMap(({ at, [metric]: value }) => (value === null ? [] : [{ at, value }]))
  const [first, last] = [known[0]?.at ?? 0, known.at(-1)?.at ?? 0]
  const [low, high] = boundsOf(
    metric,
    known.map(({ value }) => value),
  )
  const step = Math.min(
    ...known.map(({ at }, i) => at - (known[i - 1]?.at ?? Number.NEGATIVE_INFINITY)),
  )
  return known
    .map(({ at, value }, i) => {
      const x = last === first ? 0 : ((at - first) / (last - first)) * box.width
      const y = box.height - ((value - low) / (high - low)) * box.height
      const isGap = i === 0 || at - (known[i - 1]?.at ?? at) > step * 3
      return `${isGap ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`
    })
    .join('')
}

function boundsOf(metric: HealthMetric, values: readonly number[]): [low: number, high: number] {
  const { most } = metricWords[metric]
  if (most !== undefined) return [0, most]
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return metric === 'restarts' ? [0, Math.max(high, 1)] : [low - 10, high + 10]
}
