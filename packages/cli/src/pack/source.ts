import type { Digest } from '@steadfleet/base'
import type { Architecture } from '@steadfleet/domain'
import type { BuildInput, Component, LockedBuild, LockedSource } from '@steadfleet/evidence'
import type { Archive } from './debian/archive.ts'
import type { InputStore } from './inputs.ts'
import type { ObjectContent } from './object-content.ts'
import type { OnProgress } from './progress.ts'

/** A file, folder or link as a source has it: its mode is as found, its content lies in a file. */
export type Found =
  | { readonly path: string; readonly kind: 'directory' }
  | { readonly path: string; readonly kind: 'link'; readonly target: string }
  | {
      readonly path: string
      readonly kind: 'file'
      readonly digest: Digest
      readonly size: number
      readonly mode: number
      /** Where its bytes are, on this machine. */
      readonly content: string
      /** True when a package among the components stands for it in the SBOM. */
      readonly isPackaged: boolean
    }
export type FoundFile = Extract<Found, { kind: 'file' }>

/** What one source brings. */
export interface Gathered {
  readonly found: readonly Found[]
  readonly components: readonly Component[]
  readonly inputs: readonly BuildInput[]
  /** What must be the same for the source to bring the same again. */
  readonly locked: LockedSource
  /** All that it was read from, by digest. */
  readonly content: ReadonlyMap<Digest, ObjectContent>
}

/** What a source may know and use. */
export interface SourceContext {
  /** The folder of the manifest: sources are relative to it. */
  readonly home: string
  readonly architecture: Architecture
  /** A folder of this machine's own, for downloads and what is unpacked of them. */
  readonly cache: string
  /** Debian's packages; opened once, since its lists may be fetched anew and serve all sources. */
  readonly archive: Archive
  readonly onProgress: OnProgress
  /** Where the source is read again: what it must be, and where its content may be found. */
  readonly repeat?: RepeatSource
}

/** A source that is read again. A folder is taken as it lies `here`, or out of what is `archived`. */
export interface RepeatSource {
  readonly locked: LockedSource
  readonly inputs: InputStore
  readonly folders: 'here' | 'archived'
}

/** A build to repeat, as its lock has it. What git says of the folder is the lock's word too. */
export interface Repeat extends Pick<RepeatSource, 'inputs' | 'folders'> {
  readonly build: LockedBuild
}

/** How one kind of source is read. */
export type ReadSource<S> = (source: S, context: SourceContext) => Promise<Gathered>
