import { digestOf, fromHex, toHexDigest, toUtf8 } from '@steadfleet/base'
import type { CatalogueStore, Fetcher } from '@steadfleet/trust'
import { type Signer, signerFromSeed } from '../signer.ts'

/** A seed that is the same in every run: the digest of a name. For tests and vectors alone. */
export function seedOf(name: string): Uint8Array {
  return fromHex(toHexDigest(digestOf(toUtf8(`steadfleet test key ${name}`))))
}

/** The signer that grows from {@link seedOf} of a name. */
export function pretendSigner(name: string): Signer {
  return signerFromSeed(seedOf(name))
}

/** A store in memory; what was committed is there to look at and to damage. */
export interface PretendStore extends CatalogueStore {
  readonly files: Map<string, Uint8Array>
  /** The names of each commit, oldest first. */
  readonly commits: string[][]
}

export function pretendStore(): PretendStore {
  const files = new Map<string, Uint8Array>()
  const commits: string[][] = []
  return {
    files,
    commits,
    read: async name => files.get(name),
    commit: async changed => {
      commits.push([...changed.keys()])
      for (const [name, bytes] of changed) files.set(name, bytes)
    },
  }
}

/** A fetcher over files in memory, which remembers what it was asked for. */
export interface PretendFetcher extends Fetcher {
  readonly asked: string[]
}

export function pretendFetcher(files: ReadonlyMap<string, Uint8Array>): PretendFetcher {
  const asked: string[] = []
  return {
    asked,
    fetch: async file => {
      asked.push(file)
      return files.get(file)
    },
  }
}
