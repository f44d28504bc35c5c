/** Memory that the recording thread and the laboratory share. */
export interface Shared {
  readonly image: SharedArrayBuffer
  /** How many events there are, and how many bytes of their content. */
  readonly counts: SharedArrayBuffer
  readonly log: SharedArrayBuffer
  /** {@link factsOfEvent} numbers an event. */
  readonly events: SharedArrayBuffer
}

/** Where it wrote (-1: a flush), where its bytes lie in the log, how many, and when. */
const factsOfEvent = 4
const mostEvents = 500_000
const mostLogged = 1024 * 1024 * 1024

export function makeShared(imageBytes: number): Shared {
  return {
    image: new SharedArrayBuffer(imageBytes),
    counts: new SharedArrayBuffer(8),
    log: new SharedArrayBuffer(mostLogged),
    events: new SharedArrayBuffer(mostEvents * factsOfEvent * 8),
  }
}

export function viewsOf({ image, counts, log, events }: Shared) {
  return {
    image: new Uint8Array(image),
    counts: new Int32Array(counts),
    log: new Uint8Array(log),
    events: new Float64Array(events),
    facts: factsOfEvent,
  }
}

/** One thing that the disk was told, in the order in which it was. */
export type DiskEvent =
  | { readonly kind: 'flush'; readonly at: number }
  | {
      readonly kind: 'write'
      readonly at: number
      readonly offset: number
      readonly data: Uint8Array
    }

/** What was recorded so far. */
export function eventsOf(shared: Shared): DiskEvent[] {
  const { counts, log, events, facts } = viewsOf(shared)
  return Array.from({ length: Atomics.load(counts, 0) }, (_, i) => {
    const [offset = 0, from = 0, length = 0, at = 0] = events.subarray(i * facts, (i + 1) * facts)
    if (offset < 0) return { kind: 'flush', at }
    return { kind: 'write', at, offset, data: log.subarray(from, from + length) }
  })
}
