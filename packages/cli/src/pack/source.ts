import type { Digest } from '@steadfleet/base'
import type { Architecture } from '@steadfleet/domain'
import type { BuildInput, Component } from '@steadfleet/evidence'
import type { Archive } from './debian/archive.ts'
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
}

/** How one kind of source is read. */
export type ReadSource<S> = (source: S, context: SourceContext) => Promise<Gathered>
