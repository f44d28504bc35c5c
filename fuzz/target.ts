import type fc from 'fast-check'

/** One reader under fuzzing, and what must hold of whatever it is given. */
export interface FuzzTarget {
  /** `package-format`; also what `--target` selects by. */
  readonly name: string
  /** The folder of `vectors/` that keeps what was found. */
  readonly format: string
  /** What the reader's refusals begin with; any other error is a finding. */
  readonly codes: readonly string[]
  /** Inputs to begin from, mostly the frozen vectors. */
  readonly seeds: () => readonly Uint8Array[]
  /** Values near the format, from fast-check; written as JSON. */
  readonly near?: fc.Arbitrary<unknown>
  /** How an input is made of a mutated seed, where the reader would stop at the first byte. */
  readonly wrap?: (bytes: Uint8Array) => Uint8Array
  /** Reads, and throws a {@link Broken} where what was taken does not hold. */
  readonly read: (bytes: Uint8Array) => unknown
}

/** Raised by a target when its reader took an input and a property does not hold of it. */
export class Broken extends Error {}

/** Tells that a property does not hold. */
export function holds(condition: boolean, property: string): void {
  if (!condition) throw new Broken(property)
}
