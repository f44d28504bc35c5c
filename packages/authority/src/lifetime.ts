import { toTimestamp } from '@steadfleet/domain'

/** How many days what each role signs is good for, unless its owner says otherwise. */
export const lifetimeDays = {
  root: 730,
  targets: 365,
  publisher: 182,
  snapshot: 7,
  timestamp: 1,
  'owner-root': 730,
  policy: 730,
  order: 30,
} as const

export type Lifetime = keyof typeof lifetimeDays

/** The moment at which something signed `now` expires. */
export function expiryOf(kind: Lifetime, now: Date): Date {
  return new Date(now.getTime() + lifetimeDays[kind] * 86_400_000)
}

/** {@link expiryOf} in the one spelling that signed documents use. */
export function expiryText(kind: Lifetime, now: Date): string {
  return toTimestamp(expiryOf(kind, now))
}

/** Version and end of the document after `version`: good for `days`, or for the usual time of its kind. */
export function nextEdition(
  kind: Lifetime,
  version: number,
  days: number | undefined,
  now: Date,
): { readonly version: number; readonly expires: string } {
  const end = now.getTime() + (days ?? lifetimeDays[kind]) * 86_400_000
  return { version: version + 1, expires: toTimestamp(new Date(end)) }
}
