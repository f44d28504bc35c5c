import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { fromBase64, toBase64 } from '@steadfleet/base'
import { type Client, getCatalogueFile, ProblemError } from '@steadfleet/protocol'
import { type CatalogueStore, type Fetcher, TrustError } from '@steadfleet/trust'

/** Metadata files by the server's route, each under its cap. */
export function catalogueFetcher(client: Client): Fetcher {
  return {
    async fetch(file, limit) {
      try {
        const { body } = await client.open(getCatalogueFile, { params: { file } })
        return await collect(file, body, limit)
      } catch (error) {
        if (error instanceof ProblemError && error.status === 404) return undefined
        throw error
      }
    },
  }
}

/** All of a reply, which may not be longer than `limit`. */
export async function collect(
  file: string,
  body: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > limit) {
      throw new TrustError('trust/endless-data', `cannot take ${file}: over ${limit} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** All trusted files in one, so that replacing it by a rename is all or nothing. */
export function fileStore(path: string): CatalogueStore {
  async function readAll(): Promise<Record<string, string>> {
    return existsSync(path) ? JSON.parse(await readFile(path, 'utf8')) : {}
  }
  return {
    async read(name) {
      const text = (await readAll())[name]
      return text ? fromBase64(text) : undefined
    },
    async commit(files) {
      const changed = [...files].map(([name, bytes]) => [name, toBase64(bytes)])
      const all = { ...(await readAll()), ...Object.fromEntries(changed) }
      await writeFile(`${path}.new`, JSON.stringify(all))
      await rename(`${path}.new`, path)
    },
  }
}
