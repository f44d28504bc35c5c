import { join } from 'node:path'
import type { Digest } from '@steadfleet/base'
import { type Client, capped, getObject, ProblemError } from '@steadfleet/protocol'
import { archivedInputs, ContentStore, type InputStore } from '../pack/index.ts'

/** No input is longer; a server that sends more is not heard to the end. */
const longestInput = 4 * 1024 ** 3

/** Inputs that a publisher sent to the server; what was fetched is kept in `folder`. */
export function fetchedInputs(client: Client, folder: string): InputStore {
  const place = join(folder, 'fetched')
  const [store, kept] = [new ContentStore(place), archivedInputs(place)]
  return {
    async find(digest) {
      if (!(await store.has(digest))) await fetchInto(client, store, digest)
      return kept.find(digest)
    },
  }
}

async function fetchInto(client: Client, store: ContentStore, digest: Digest): Promise<void> {
  try {
    const { body } = await client.open(getObject, { params: { digest } })
    await store.put(capped(`input ${digest}`, body, longestInput))
  } catch (error) {
    if (!(error instanceof ProblemError && error.status === 404)) throw error
  }
}
