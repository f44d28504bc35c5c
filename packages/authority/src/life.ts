import { type Lifetime, lifetimeDays } from './lifetime.ts'

/** Percent of a life after which somebody must hear of it; 100 is its end. */
export const alarmMarks = [50, 75, 90, 100] as const

/** The last mark that was passed; 0 for none. */
export type Alarm = 0 | (typeof alarmMarks)[number]

/** How much of its life a signed document has spent. */
export interface Life {
  /** From 0 to 1. */
  readonly spent: number
  readonly alarm: Alarm
}

/**
 * The life of a document of this kind. Signed documents say when they end and not when they began,
 * so it is measured back from the end: by its usual length, whatever was chosen for this one.
 */
export function lifeOf(kind: Lifetime, expires: Date, now: Date): Life {
  const left = (expires.getTime() - now.getTime()) / (lifetimeDays[kind] * 86_400_000)
  const spent = Math.min(1, Math.max(0, 1 - left))
  return { spent, alarm: alarmMarks.findLast(mark => spent * 100 >= mark) ?? 0 }
}
