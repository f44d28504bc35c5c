import { TrustError } from '@steadfleet/trust'

/** The slowest that a reply may come, measured over each window, and what counts time for it. */
export interface Pace {
  readonly bytes: number
  readonly windowMs: number
  readonly monotonic: () => number
}

/** A server that trickles could hold an update back for ever: slow retrieval, TUF §1.5.2. */
export function paceCheck({ bytes, windowMs, monotonic }: Pace): (length: number) => void {
  let since = monotonic()
  let sum = 0
  return length => {
    sum += length
    const now = monotonic()
    if (now - since < windowMs) return
    if (sum < bytes) {
      const message = `cannot fetch at ${sum} bytes in ${Math.round(now - since)} ms: slower than ${bytes}`
      throw new TrustError('trust/slow-retrieval', message, { bytes: sum })
    }
    since = now
    sum = 0
  }
}
