import type { DiskEvent } from './shared-log.ts'

/**
 * One end of a recording: the disk had the first `count` of what it was told, but the writes in
 * `lost`, none of which it had been told to flush, and of `torn` only the first half.
 */
export interface Cut {
  readonly count: number
  readonly lost: readonly number[]
  readonly torn?: number
}

/** Cuts at each write, each flush and between them: the disk has all that it was told until then. */
export function plainCuts(events: readonly DiskEvent[], from: number): Cut[] {
  return rangeOf(from, events.length).map(count => ({ count: count + 1, lost: [] }))
}

/**
 * Cuts at the same instants of a disk that keeps what it was told in memory until it is to flush:
 * of what it was told since, one write alone is missing, one alone arrived, or the last is torn.
 */
export function losingCuts(events: readonly DiskEvent[], from: number): Cut[] {
  return rangeOf(from, events.length).flatMap(last => {
    const count = last + 1
    const waiting = waitingAt(events, count)
    if (events[last]?.kind === 'flush' || waiting.length === 0) return []
    const alone = waiting.length > 2 ? [{ count, lost: waiting.slice(0, -1) }] : []
    const missing = waiting.slice(0, -1).map(one => ({ count, lost: [one] }))
    return [...missing, ...alone, { count, lost: [], torn: last }]
  })
}

/** Writes that came after the last flush. */
function waitingAt(events: readonly DiskEvent[], count: number): number[] {
  const flushed = events.slice(0, count).findLastIndex(event => event.kind === 'flush')
  return rangeOf(flushed + 1, count)
}

/** The disk as the cut leaves it. */
export function imageAfter(before: Uint8Array, events: readonly DiskEvent[], cut: Cut): Uint8Array {
  const image = new Uint8Array(before)
  const lost = new Set(cut.lost)
  for (const [i, event] of events.slice(0, cut.count).entries()) {
    if (event.kind === 'flush' || lost.has(i)) continue
    const { data, offset } = event
    image.set(i === cut.torn ? data.subarray(0, halfOf(data.length)) : data, offset)
  }
  return image
}

/** Disks write whole sectors. */
function halfOf(length: number): number {
  return Math.floor(length / 2 / sector) * sector
}

const sector = 512

/**
 * The places 0 to `length` in an order of which every beginning is spread evenly over all: so many
 * cuts of a journey as there is time for are of all of it, and a run goes on where one ended.
 */
export function spread(length: number): number[] {
  if (length < 2) return rangeOf(0, length)
  const step = nearestCoprime(Math.round(length * goldenShare), length)
  return rangeOf(0, length).map(i => (i * step) % length)
}

const goldenShare = 0.618_033_988_75

function nearestCoprime(wanted: number, length: number): number {
  for (let step = Math.max(1, wanted); step > 1; step--)
    if (divisor(step, length) === 1) return step
  return 1
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b)
}

function rangeOf(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)
}
