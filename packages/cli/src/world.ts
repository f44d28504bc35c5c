/** A place that text goes to; a terminal says so, and how wide it is. */
export interface Sink {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** All that a command may ask of the machine it runs on; only `main.ts` makes a real one. */
export interface World {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly directory: string
  readonly out: Sink
  readonly err: Sink
  /** The user is root, so that namespaces and uids are ours to give. */
  readonly isRoot: boolean
  /** Aborts at the first Ctrl-C or SIGTERM. */
  readonly interrupted: AbortSignal
  /** Asks a person for what nobody may see; undefined where no terminal is. */
  readonly ask?: (prompt: string) => Promise<string | undefined>
  now(): Date
  random(length: number): Uint8Array
}
