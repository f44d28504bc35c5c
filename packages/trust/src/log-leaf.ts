import { type Digest, toCanonical } from '@steadfleet/base'
import type { Architecture } from './statements.ts'

/** What a leaf of the log commits to. Named by digest alone: a leaf tells nothing that is not public. */
export type LogLeaf =
  | {
      readonly type: 'release'
      /** Of the catalogue's first root file, which is its name in a trust policy. */
      readonly catalogue: Digest
      /** The target path: `publisher/name/REVISION/ARCHITECTURE`. */
      readonly path: `${string}/${string}/${number}/${Architecture | 'all'}`
      /** Of the release record, as the publisher's role signs it. */
      readonly digest: Digest
      readonly length: number
    }
  | {
      readonly type: 'root'
      readonly catalogue: Digest
      readonly version: number
      /** Of the root file. */
      readonly digest: Digest
    }
  | {
      readonly type: 'adoption'
      /** That the package is taken from now on, by the policy whose envelope has this digest. */
      readonly catalogue: Digest
      readonly package: string
      readonly digest: Digest
    }
  | {
      readonly type: 'owner'
      /** The ownership commitment; what it commits to is not in the log. */
      readonly digest: Digest
    }

/** The bytes of a leaf, which a verifier makes itself from what it has verified. docs/formats/log.md */
export function toLeaf(leaf: LogLeaf): Uint8Array {
  return toCanonical(leaf)
}
