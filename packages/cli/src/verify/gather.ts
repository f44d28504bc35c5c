import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, fromBase64, fromUtf8, parseStrictJson, toHex } from '@steadfleet/base'
import { parseReleaseRecord } from '@steadfleet/domain'
import { parseProvenance } from '@steadfleet/evidence'
import { type Client, getLogProof, getObject, ProblemError } from '@steadfleet/protocol'
import {
  chosenLog,
  type Fetcher,
  type LogChoice,
  type LogLeaf,
  leafHash,
  logChoice,
  parseEnvelopeBytes,
  refreshCatalogue,
  type Target,
  toLeaf,
} from '@steadfleet/trust'
import type { Home } from '../fleet/home.ts'
import type { Fleet } from '../fleet/open.ts'
import { catalogueFetcher, collect, fileStore } from '../publish/catalogue-files.ts'
import { VerifyError } from './error.ts'
import { memoryStore } from './memory-store.ts'
import { type LoggedEvidence, longestDocument, type ReleaseEvidence } from './release-evidence.ts'

/**
 * Gathers the evidence of a release from the server. The catalogue is held against what this machine
 * saw before, so that no server can go back; whether the rest holds, the chain says.
 */
export async function gatherEvidence(
  { home, client }: Fleet,
  path: string,
  now: Date,
): Promise<ReleaseEvidence> {
  const recorder = recording(catalogueFetcher(client))
  const pinned = { now, firstRoot: home.catalogueRoot }
  const seen = fileStore(join(home.directory, 'catalogue.json'))
  await refreshCatalogue({ ...pinned, store: seen, fetcher: catalogueFetcher(client) })
  const catalogue = await refreshCatalogue({ ...pinned, store: memoryStore(), fetcher: recorder })
  const target = await catalogue.find(path)
  if (target === undefined) throw notPublished(path)
  const log = await gatherLogged(home, client, target)
  return {
    release: path,
    taken: now,
    catalogue: recorder.files,
    objects: await gatherObjects(client, target),
    ...(log && { log }),
  }
}

/** A release's leaf: what it says follows from the verified catalogue alone. */
export function leafOf(
  catalogue: Digest,
  { path, digest, length }: Pick<Target, 'path' | 'digest' | 'length'>,
): Uint8Array {
  return toLeaf({ type: 'release', catalogue, path: path as ReleasePath, digest, length })
}
type ReleasePath = Extract<LogLeaf, { type: 'release' }>['path']

export function notPublished(path: string): VerifyError {
  const message = `cannot verify ${path}: no publisher’s role has it`
  return new VerifyError('verify/not-published', message, { path })
}

/** The log that this fleet's owner chose at `init`; undefined for none. */
export async function ownLog({
  directory,
}: Pick<Home, 'directory'>): Promise<LogChoice | undefined> {
  const text = await readFile(join(directory, 'log-policy.json')).catch(() => undefined)
  if (text === undefined) return undefined
  const choice = logChoice(parseStrictJson(text), 'log policy')
  return chosenLog(choice) && choice
}

async function gatherLogged(
  home: Home,
  client: Client,
  target: Target,
): Promise<LoggedEvidence | undefined> {
  const choice = await ownLog(home)
  if (choice === undefined) return undefined
  const leaf = toHex(leafHash(leafOf(home.catalogueRoot, target)))
  const { body } = await client.open(getLogProof, { params: { leaf }, query: {} })
  return { choice, proof: fromUtf8(await collect('log proof', body, 256 * 1024)) }
}

async function gatherObjects(
  client: Client,
  { digest, length }: Target,
): Promise<ReadonlyMap<Digest, Uint8Array>> {
  const objects = new Map<Digest, Uint8Array>()
  const take = async (name: Digest, limit: number): Promise<Uint8Array | undefined> => {
    const bytes = await fetchObject(client, name, limit)
    if (bytes) objects.set(name, bytes)
    return bytes
  }
  const record = await take(digest, length)
  if (!record) return objects
  const { tree, sbom, provenance } = parseReleaseRecord(parseStrictJson(record))
  await take(tree.digest, tree.length)
  await take(sbom.digest, sbom.length)
  const envelope = await take(provenance.digest, provenance.length)
  // What the statement names is only fetched here; the chain opens it with the builder's key.
  const { lock, manifest } = readStatement(envelope) ?? {}
  for (const name of [lock, manifest]) if (name) await take(name, longestDocument)
  return objects
}

function readStatement(envelope: Uint8Array | undefined) {
  if (envelope === undefined) return undefined
  const { payload } = parseEnvelopeBytes(envelope)
  return parseProvenance(
    parseStrictJson(fromBase64(payload), { bytes: longestDocument, depth: 16 }),
  )
}

/** An object of the server's; undefined where it has none of this digest. */
export async function fetchObject(
  client: Client,
  digest: Digest,
  limit: number,
): Promise<Uint8Array | undefined> {
  try {
    const { body } = await client.open(getObject, { params: { digest } })
    return await collect(`object ${digest}`, body, limit)
  } catch (error) {
    if (error instanceof ProblemError && error.status === 404) return undefined
    throw error
  }
}

/** A fetcher that keeps what it fetched. */
function recording(fetcher: Fetcher): Fetcher & { readonly files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>()
  return {
    files,
    async fetch(file, limit) {
      const bytes = await fetcher.fetch(file, limit)
      if (bytes) files.set(file, bytes)
      return bytes
    },
  }
}
