import { type Static, Type } from 'typebox'
import { object } from './schema.ts'

/**
 * What a device measures of itself, in this order on the wire: shares in thousandths, temperature in tenths of
 * a degree Celsius, signal in dBm, and how often apps were begun again.
 */
export const healthMetrics = ['cpu', 'memory', 'disk', 'temperature', 'signal', 'restarts'] as const
export type HealthMetric = (typeof healthMetrics)[number]

/** Null where a device has nothing to measure it with. */
export type Health = Readonly<Record<HealthMetric, number | null>>

const Measure = Type.Union([Type.Integer({ minimum: -1_000_000, maximum: 1_000_000 }), Type.Null()])

/** Some minutes of a device: how many seconds ago they ended, then the metrics in their order. */
export const HealthPoint = Type.Array(Measure, {
  minItems: healthMetrics.length + 1,
  maxItems: healthMetrics.length + 1,
})

/** What is sent with a check-in: the oldest first. */
export const HealthPoints = Type.Array(HealthPoint, { maxItems: 300 })
export type HealthPoints = Static<typeof HealthPoints>

/** How far back is looked, and how finely: each has its own resolution, and an end. */
export const healthSpans = {
  day: { seconds: 300, keptSeconds: 86_400 },
  month: { seconds: 3600, keptSeconds: 31 * 86_400 },
  years: { seconds: 86_400, keptSeconds: 5 * 366 * 86_400 },
} as const
export type HealthSpan = keyof typeof healthSpans

/** The means of one slot; restarts are a sum. */
export const HealthView = object({
  /** When the slot begins, in seconds since 1970. */
  at: Type.Integer({ minimum: 0 }),
  cpu: Measure,
  memory: Measure,
  disk: Measure,
  temperature: Measure,
  signal: Measure,
  restarts: Measure,
})
export type HealthView = Static<typeof HealthView>

/** Two spans of time as one: means by their weights, restarts added up. */
export function mergeHealth(
  one: Health,
  weight: number,
  other: Health,
  otherWeight: number,
): Health {
  const merged = healthMetrics.map(metric => {
    const [a, b] = [one[metric], other[metric]]
    if (a === null || b === null) return [metric, a ?? b]
    const sum =
      metric === 'restarts' ? a + b : (a * weight + b * otherWeight) / (weight + otherWeight)
    return [metric, Math.round(sum)]
  })
  return Object.fromEntries(merged)
}
