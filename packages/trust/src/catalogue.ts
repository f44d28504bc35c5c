import type { Digest, JsonObject } from '@steadfleet/base'
import type { Floors } from './floor.ts'
import type { Hashes } from './hashes.ts'

/**
 * Where a device keeps the metadata it trusts. `commit` replaces the files it names and keeps the
 * others, all or nothing, and durably; a file of no bytes is one that is gone.
 */
export interface CatalogueStore {
  read(name: string): Promise<Uint8Array | undefined>
  commit(files: ReadonlyMap<string, Uint8Array>): Promise<void>
}

/**
 * Where metadata comes from. It yields undefined for a file that is not there, and throws
 * `trust/endless-data` once more than `limit` bytes have come.
 */
export interface Fetcher {
  fetch(file: string, limit: number): Promise<Uint8Array | undefined>
}

export interface RefreshOptions {
  readonly store: CatalogueStore
  readonly fetcher: Fetcher
  readonly now: Date
  /** Of the bytes of the first root file, from the enrolment token; never from the network. */
  readonly firstRoot: Digest
  /** Those bytes, where the caller has them; else `1.root.json` is fetched and held against the digest. */
  readonly firstRootFile?: Uint8Array
  /** What the device's floor cells say; names as in {@link Catalogue.floors}. */
  readonly floors?: Floors
  /** The name that the trust policy gives this catalogue; part of the floors' names. */
  readonly name?: string
}

/** What the catalogue says of one target path, and the role that says it. */
export interface Target {
  readonly path: string
  readonly length: number
  readonly digest: Digest
  readonly custom: JsonObject
  readonly role: string
  /** The role that the catalogue's own targets delegate to, and that answers for it: of a bin, whose it is. */
  readonly publisher: string
}

/** What the catalogue says in TUF's own words, of any target of any repository. TUF §4.5 */
export interface TargetFile extends Omit<Target, 'digest'> {
  readonly hashes: Hashes
  /** Where its file lies under the repository's target URL. TUF §5.7.3 */
  readonly file: string
}

/** A catalogue that is verified and fresh. Role files are loaded, verified and kept as they are asked for. */
export interface Catalogue {
  readonly versions: {
    readonly root: number
    readonly timestamp: number
    readonly snapshot: number
    readonly targets: number
  }
  /** When the first of the four top-level files expires. */
  readonly expires: Date
  /** The versions this catalogue stands on, for the floor cells. */
  readonly floors: Floors
  /** The target, or undefined where no role that may speak for the path names it. TUF §5.6.7 */
  find(path: string): Promise<Target | undefined>
  /** {@link find} for targets of any digest, and with the place of their file. */
  lookUp(path: string): Promise<TargetFile | undefined>
}
