import type { Architecture } from '@steadfleet/domain'
import type { DeclaredPackage } from './manifest.ts'
import type { OnProgress } from './progress.ts'
import type { Repeat } from './source.ts'

/** What a package is made of, and how. */
export interface PackOptions {
  readonly declared: DeclaredPackage
  readonly architecture: Architecture
  readonly revision: number
  /** A folder for downloads and what is unpacked of them; it may be shared and may be removed. */
  readonly cache: string
  readonly builder: { readonly id: string; readonly version: string }
  /** Seals the provenance statement: a DSSE envelope's bytes. Absent: one without a signature. */
  readonly sign?: (statement: Uint8Array) => Promise<Uint8Array>
  readonly floor?: number
  /** A build that is done again: what its inputs must be, and where they may be found. */
  readonly repeat?: Repeat
  /** What was typed, as the provenance tells it. */
  readonly command?: readonly string[]
  /** When the sources were made (`SOURCE_DATE_EPOCH`), where the caller knows it. */
  readonly timestamp?: Date
  /** Refuse what hygiene finds, but for notes and what the manifest accepts. */
  readonly isStrict?: boolean
  /** Bytes of the tree of the revision before, where the caller knows them. */
  readonly sizeBefore?: number
  readonly onProgress?: OnProgress
}
