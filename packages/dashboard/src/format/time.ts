const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** Largest first; a span is told in the first unit that fits it. */
const units: readonly (readonly [size: number, unit: Intl.RelativeTimeFormatUnit])[] = [
  [day, 'day'],
  [hour, 'hour'],
  [minute, 'minute'],
]

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

/** How long ago or ahead `moment` is, in words: "just now", "4 minutes ago", "yesterday". */
export function toRelative(moment: string, now: Date): string {
  const span = new Date(moment).getTime() - now.getTime()
  const fit = units.find(([size]) => Math.abs(span) >= size)
  if (!fit) return span > 0 ? 'in a moment' : 'just now'
  const [size, unit] = fit
  return relative.format(Math.trunc(span / size), unit)
}

/** The moment in full, in the reader's own time zone unless one is given. */
export function toAbsolute(moment: string, timeZone?: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    dateStyle: 'medium',
    timeStyle: 'long',
    ...(timeZone !== undefined && { timeZone }),
  }).format(new Date(moment))
}

/** The day of a moment, as a heading: "Today", "Yesterday", "21 November 2026". */
export function toDay(moment: string, now: Date, timeZone?: string): string {
  const zone = timeZone === undefined ? {} : { timeZone }
  const long = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', ...zone })
  const named = long.format(new Date(moment))
  if (named === long.format(now)) return 'Today'
  return named === long.format(now.getTime() - day) ? 'Yesterday' : named
}

/** The time of day, to the second, as a list of one day needs it. */
export function toClock(moment: string, timeZone?: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeStyle: 'medium',
    ...(timeZone !== undefined && { timeZone }),
  }).format(new Date(moment))
}

/** How long it is from one moment to another: "4 s", "2 min", "3 h". */
export function toSpan(from: string, to: string): string {
  return toDuration(new Date(to).getTime() - new Date(from).getTime())
}

/** How long so many milliseconds are: "4 s", "2 min", "3 h". */
export function toDuration(ms: number): string {
  const span = Math.max(0, ms)
  if (span < minute) return `${Math.round(span / second)} s`
  if (span < hour) return `${Math.round(span / minute)} min`
  return `${Math.round(span / hour)} h`
}

/** True for a moment less than `hours` before `now`. */
export function isWithinHours(moment: string, now: Date, hours: number): boolean {
  return now.getTime() - new Date(moment).getTime() < hours * hour
}
