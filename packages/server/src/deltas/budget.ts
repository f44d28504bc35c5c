import { totalmem } from 'node:os'

/** What making deltas may take of the machine. One is made at a time, and yields to everyone else. */
export interface DeltaBudget {
  /** Bytes of the deltas that are kept; 0 makes none. */
  readonly kept: number
  /** Bytes that matching may take: a file that needs more is matched window by window. */
  readonly memory: number
  /** Of one delta, from its beginning. */
  readonly deadlineMs: number
  /** Bytes of changed files that a tree may have, of which all are read and most lie in memory. */
  readonly mostContent: number
}

const gibibyte = 1024 ** 3

/** A quarter of the machine's memory at most, and half an hour for each. */
export function usualBudget(kept: number): DeltaBudget {
  const memory = Math.min(gibibyte, totalmem() / 4)
  return { kept, memory, deadlineMs: 30 * 60_000, mostContent: memory }
}
