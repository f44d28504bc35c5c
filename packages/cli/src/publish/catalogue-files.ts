import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { fromBase64, toBase64 } from '@steadfleet/base'
import { type Client, fetchIfThere, getCatalogueFile } from '@steadfleet/protocol'
import type { CatalogueStore, Fetcher } from '@steadfleet/trust'

/** Metadata files by the server's route, each under its cap. */
export function catalogueFetcher(client: Client): Fetcher {
  return {
    fetch(file, limit) {
      return fetchIfThere(file, () => client.open(getCatalogueFile, { params: { file } }), limit)
    },
  }
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
