/** How long to wait before the next try: doubling from `first` to at most `longest`. */
export interface BackOff {
  readonly first: number
  readonly longest: number
}

/**
 * Milliseconds to wait after `failures` tries in a row. `random`, in [0, 1), spreads devices that
 * failed together over the upper half of the wait, so that they do not come back together.
 */
export function backOff({ first, longest }: BackOff, failures: number, random: number): number {
  const full = Math.min(longest, first * 2 ** Math.min(failures - 1, 30))
  return Math.round(full / 2 + (full / 2) * random)
}

/** Spreads a regular interval by a tenth to either side. */
export function jittered(interval: number, random: number): number {
  return Math.round(interval * (0.9 + 0.2 * random))
}
