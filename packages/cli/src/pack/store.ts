import { createHash } from 'node:crypto'
import { access, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, digestFromHex, toHexDigest } from '@steadfleet/base'

/** What was put into a store, and where it is. */
export interface Stored {
  readonly digest: Digest
  readonly size: number
}

/** Contents by their digests, as files: `aa/<hex>`. Of this machine's own; nobody else writes to it. */
export class ContentStore {
  readonly #folder: string
  #count = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  pathOf(digest: Digest): string {
    const hex = toHexDigest(digest)
    return join(this.#folder, hex.slice(0, 2), hex)
  }

  /** Keeps content, whose name is known only once it has passed. */
  async put(content: AsyncIterable<Uint8Array>): Promise<Stored> {
    const incoming = await this.#incomingPath()
    const hash = createHash('sha256')
    let size = 0
    try {
      await using file = await open(incoming, 'wx')
      for await (const piece of content) {
        hash.update(piece)
        size += piece.length
        await file.writeFile(piece)
      }
    } catch (fault) {
      await rm(incoming, { force: true })
      throw fault
    }
    const digest = digestFromHex(hash.digest('hex'))
    await mkdir(join(this.pathOf(digest), '..'), { recursive: true })
    await rename(incoming, this.pathOf(digest))
    return { digest, size }
  }

  async has(digest: Digest): Promise<boolean> {
    return access(this.pathOf(digest)).then(
      () => true,
      () => false,
    )
  }

  /** Several programs may pack at once: each writes under a name of its own until it is done. */
  async #incomingPath(): Promise<string> {
    await mkdir(this.#folder, { recursive: true })
    this.#count += 1
    return join(this.#folder, `incoming-${process.pid}-${this.#count}`)
  }
}
