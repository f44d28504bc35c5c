/** One measured figure, with what it was measured on. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly facts: Readonly<Record<string, number | string>>
}

/** A benchmark yields its figures; nothing is asserted of them. */
export interface Benchmark {
  readonly name: string
  readonly what: string
  readonly run: () => Promise<readonly Figure[]>
}

/** Minimum, median, 90th percentile and maximum of many runs. */
export function spreadOf(values: readonly number[]): Record<string, number> {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0
  return {
    runs: sorted.length,
    minimum: round(at(0)),
    median: round(at(0.5)),
    p90: round(at(0.9)),
    maximum: round(at(1)),
  }
}

export function medianOf(values: readonly number[]): number {
  return spreadOf(values).median ?? 0
}

export function round(value: number): number {
  return Number(value.toPrecision(4))
}
