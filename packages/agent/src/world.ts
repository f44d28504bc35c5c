/** What the agent may ask of the machine besides its disk and network; `main.ts` makes the real one. */
export interface World {
  now(): Date
  /** Milliseconds that only ever go forward, whatever the clock does. */
  monotonic(): number
  /** In [0, 1). */
  random(): number
  /** Waits, or throws the signal's reason as soon as it aborts. */
  sleep(milliseconds: number, stop?: AbortSignal): Promise<void>
  log(entry: LogEntry): void
}

export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  readonly [fact: string]: string | number | boolean | undefined
}
