import type { Details } from '@steadfleet/base'

/** The links of the chain, from the root of trust to the release, in the order they are verified. */
export const linkNames = [
  'root',
  'targets',
  'publisher',
  'bin',
  'freshness',
  'log',
  'record',
  'tree',
  'SBOM',
  'provenance',
  'inputs',
  'rebuild',
] as const
export type LinkName = (typeof linkNames)[number]

/** A link that holds: what follows from it, in plain words and for programs. */
export interface Link {
  readonly name: LinkName
  readonly says: readonly string[]
  readonly facts: Details
}

/** Takes a link once it holds. */
export type OnLink = (link: Link) => void

/** A number of things in words: `1 file`, `2 files`. */
export function toCount(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
