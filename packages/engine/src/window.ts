import { type UpdateWindow, type Weekday, weekdays } from '@steadfleet/domain'

/** The windows of a policy, and the time zone whose clock they are read on. */
export interface Windows {
  readonly windows: readonly UpdateWindow[]
  readonly zone: string
}

/** The zone, where the machine's tables know it; UTC otherwise. */
export function knownZone(zone: string): string {
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone).timeZoneId
  } catch (error) {
    if (error instanceof RangeError) return 'UTC'
    throw error
  }
}

/**
 * Whether the clock on the wall reads a time of one of the windows. An hour that it skips is in no
 * window, and one that it shows twice is in it twice.
 */
export function isOpen({ windows, zone }: Windows, at: Date): boolean {
  const wall = wallOf(at, zone)
  const minutes = wall.hour * 60 + wall.minute
  const today = dayOf(wall)
  const yesterday = dayOf(wall.subtract({ days: 1 }))
  return windows.some(({ days, from, to }) => {
    const [begin, end] = [minutesOf(from), minutesOf(to)]
    const isOn = (day: Weekday) => days === undefined || days.includes(day)
    if (begin < end) return isOn(today) && begin <= minutes && minutes < end
    return (isOn(today) && begin <= minutes) || (isOn(yesterday) && minutes < end)
  })
}

/** Days to look ahead: a window of one day may fall into the hour that is skipped there. */
const horizonDays = 15

/** The next moment at which one of the windows opens, or `at` where one is open. */
export function nextOpening(windows: Windows, at: Date): Date | undefined {
  if (isOpen(windows, at)) return at
  const wall = wallOf(at, windows.zone)
  const days = Array.from({ length: horizonDays + 1 }, (_, i) =>
    wall.toPlainDate().add({ days: i }),
  )
  const openings = days.flatMap(day => openingsOn(day, windows))
  const candidates = [...openings, ...clockChanges(wall)].sort((a, b) => a - b)
  const next = candidates.find(one => one > at.getTime() && isOpen(windows, new Date(one)))
  return next === undefined ? undefined : new Date(next)
}

function openingsOn(day: Temporal.PlainDate, { windows, zone }: Windows): number[] {
  return windows.flatMap(({ from }) =>
    (['earlier', 'later'] as const).map(
      disambiguation =>
        day.toPlainDateTime(from).toZonedDateTime(zone, { disambiguation }).epochMilliseconds,
    ),
  )
}

/** When the clock is changed within the horizon: a window may open, or open again, at that instant. */
function clockChanges(from: Temporal.ZonedDateTime): number[] {
  const end = from.add({ days: horizonDays }).epochMilliseconds
  const changes: number[] = []
  let next = from.getTimeZoneTransition('next')
  while (next !== null && next.epochMilliseconds <= end) {
    changes.push(next.epochMilliseconds)
    next = next.getTimeZoneTransition('next')
  }
  return changes
}

function wallOf(at: Date, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone)
}

function dayOf(wall: Temporal.ZonedDateTime): Weekday {
  return weekdays[wall.dayOfWeek - 1] ?? 'mon'
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
}
