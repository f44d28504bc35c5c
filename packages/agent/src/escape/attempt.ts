/** One way in which an app that was taken over may try to get out: a small program of `programs/`, by name. */
export interface Attempt {
  readonly name: string
  /** The threat of docs/threat-model.md that it belongs to. */
  readonly threat: Threat
  /** What it tries, for people. */
  readonly tries: string
  /** What stops it, for people. */
  readonly stops: string
  /** What the program says where nothing stops it. */
  readonly through: string
  /** What else it may say there where this machine has not what it wants. */
  readonly lacking?: readonly string[]
  /** What it may say in a sandbox. */
  readonly refused: readonly string[]
  /** The interfaces that the sandbox has open. */
  readonly opened: readonly string[]
  /** Why it is not stopped where the agent is an ordinary user, and what that means. */
  readonly asUser?: string
  /** A line of shell, where it is no function of a C file. */
  readonly shell?: string
}

export type Threat = 'T17' | 'T18' | 'T19'

/** A row of a defence: what is tried, and what of it is not as in the others. */
export type Row =
  | string
  | (Partial<Omit<Attempt, 'name' | 'threat' | 'stops'>> & { readonly tries: string })

export interface Defence {
  readonly threat: Threat
  readonly stops: string
  readonly refused: readonly string[]
  readonly opened?: readonly string[]
  readonly lacking?: readonly string[]
  readonly asUser?: string
  readonly rows: Readonly<Record<string, Row>>
}

/** The attempts that a defence stops. */
export function attemptsOf({ rows, ...defence }: Defence): Attempt[] {
  return Object.entries(rows).map(([name, row]) => ({
    name,
    through: 'done',
    opened: [],
    ...defence,
    ...(typeof row === 'string' ? { tries: row } : row),
  }))
}
