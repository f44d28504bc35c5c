import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isCoded, parseStrictJson, toCanonical } from '@steadfleet/base'
import { DigestSchema, object, parsePublisherName, parserOf } from '@steadfleet/domain'
import { type Client, fetchIfThere, getFileOfCatalogue, makeClient } from '@steadfleet/protocol'
import { type CatalogueStore, type Fetcher, refreshCatalogue } from '@steadfleet/trust'
import { type Static, Type } from 'typebox'
import { ifThere, writeDurably } from '../disk/durable.ts'
import { ServerError } from '../error.ts'
import { bringRoles } from './bring-roles.ts'
import { type InForce, putInForce, readInForce } from './catalogue-folder.ts'
import type { Place } from './catalogues.ts'

/** Where another party's catalogue comes from, and the digest of its first root. */
export const Source = object({
  origin: Type.String({ pattern: '^https?://[^/\\s]+$' }),
  /** The name it has there. */
  name: Type.String(),
  root: DigestSchema,
})
export type Source = Static<typeof Source>
const parseSource = parserOf('source.json', Source)

/** Another party's catalogue as this server has it, verified as a device would, for its devices. */
export interface Mirror {
  readonly source: Source
  readonly client: Client
  /** Undefined until it was brought here once. */
  inForce(): InForce | undefined
  /** Brings what is new there. Where that fails, what is here stays as it is. */
  look(): Promise<void>
}

/** Refuses a source that can't be reached or is not what its root's digest says, before it is kept. */
export async function tryMirror(place: Place, source: Source): Promise<void> {
  const client = makeClient({ origin: source.origin, transport: place.transport })
  await orUnreachable(source, bring(place, source, client, undefined))
}

export async function putSource(place: Place, source: Source): Promise<void> {
  await writeDurably(join(place.folder, 'source.json'), toCanonical(source))
}

export async function openMirror(place: Place): Promise<Mirror> {
  const file = await readFile(join(place.folder, 'source.json'))
  const source = parseSource(parseStrictJson(new Uint8Array(file)))
  const client = makeClient({ origin: source.origin, transport: place.transport })
  let inForce = await held(place.folder)
  let turn: Promise<unknown> = Promise.resolve()
  const look = async (): Promise<void> => {
    const files = await orUnreachable(source, bring(place, source, client, inForce))
    const { 'timestamp.json': timestamp, ...versioned } = Object.fromEntries(files)
    if (timestamp) await putInForce(place.folder, new Map(Object.entries(versioned)), timestamp)
    inForce = await held(place.folder)
  }
  return {
    source,
    client,
    inForce: () => inForce,
    look() {
      const looked = turn.then(look)
      turn = looked.catch(() => undefined)
      return looked
    },
  }
}

/** What no reply came to is told as that; whatever was refused keeps its code. */
export async function orUnreachable<T>({ origin }: Source, asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (cause) {
    if (isCoded(cause)) throw cause
    const message = `cannot reach the catalogue’s server at ${origin}`
    throw new ServerError('catalogue/unreachable', message, { origin }, { cause })
  }
}

async function held(folder: string): Promise<InForce | undefined> {
  const isThere = (await ifThere(readFile(join(folder, 'timestamp.json')))) !== undefined
  return isThere ? readInForce(folder, 'skipped') : undefined
}

/** Every file that is new and verified, by its name in the repository. */
async function bring(
  { now, name }: Place,
  source: Source,
  client: Client,
  inForce: InForce | undefined,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  const store = storeOver(inForce)
  const fetcher = recording(fetcherOf(client, source.name), files)
  const opened = { store, fetcher, now: now() }
  await refreshCatalogue({ ...opened, name, firstRoot: source.root })
  const plain = { ...opened, fetcher: fetcherOf(client, source.name) }
  for (const [file, bytes] of await bringRoles(plain)) files.set(file, bytes)
  // What was fetched may have been set aside for what is held; what is stored is in force.
  const timestamp = await store.read('timestamp.json')
  return timestamp ? files.set('timestamp.json', timestamp) : files
}

/** A client's store in memory, over what this server has: nothing is written before all is verified. */
function storeOver(inForce: InForce | undefined): CatalogueStore {
  const files = new Map<string, Uint8Array>()
  if (inForce) {
    const { roles, ...top } = inForce
    for (const [name, { bytes }] of Object.entries(top)) files.set(`${name}.json`, bytes)
    for (const [role, { bytes }] of roles) files.set(`${encodeURIComponent(role)}.json`, bytes)
  }
  return {
    read: async name => files.get(name),
    commit: async changed => {
      for (const [name, bytes] of changed) files.set(name, bytes)
    },
  }
}

function recording(fetcher: Fetcher, files: Map<string, Uint8Array>): Fetcher {
  return {
    async fetch(file, limit) {
      const bytes = await fetcher.fetch(file, limit)
      if (bytes) files.set(file, bytes)
      return bytes
    },
  }
}

function fetcherOf(client: Client, name: string): Fetcher {
  const catalogue = parsePublisherName(name)
  return {
    fetch(file, limit) {
      const params = { catalogue, file }
      return fetchIfThere(file, () => client.open(getFileOfCatalogue, { params }), limit)
    },
  }
}
