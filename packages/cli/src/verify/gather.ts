import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Digest,
  fromBase64,
  fromUtf8,
  isCoded,
  parseStrictJson,
  toHex,
} from '@steadfleet/base'
import { parseReleaseRecord } from '@steadfleet/domain'
import { type Provenance, parseProvenance } from '@steadfleet/evidence'
import { type Client, fetchIfThere, getLogProof, getObject, readCapped } from '@steadfleet/protocol'
import {
  chosenLog,
  type Fetcher,
  type LogChoice,
  type LogPolicy,
  leafHash,
  logChoice,
  parseEnvelopeBytes,
  refreshCatalogue,
  type Target,
} from '@steadfleet/trust'
import type { CataloguePlace } from '../catalogue/place.ts'
import { CliError } from '../error.ts'
import type { Home } from '../fleet/home.ts'
import type { Fleet } from '../fleet/open.ts'
import { notPublished } from './error.ts'
import { leafOf } from './log-link.ts'
import { memoryStore } from './memory-store.ts'
import { type LoggedEvidence, longestDocument, type ReleaseEvidence } from './release-evidence.ts'

/**
 * Gathers the evidence of a release from the server. The catalogue is held against what this machine
 * saw before, so that no server can go back; whether the rest holds, the chain says.
 */
export async function gatherEvidence(
  { home, client }: Fleet,
  { root, store, fetcher }: Omit<CataloguePlace, 'name'>,
  path: string,
  now: Date,
): Promise<ReleaseEvidence> {
  const recorder = recording(fetcher)
  const pinned = { now, firstRoot: root }
  await refreshCatalogue({ ...pinned, store, fetcher })
  const catalogue = await refreshCatalogue({ ...pinned, store: memoryStore(), fetcher: recorder })
  const target = await catalogue.find(path)
  if (target === undefined) throw notPublished(path)
  const log = await gatherLogged(home, client, root, target)
  return {
    release: path,
    taken: now,
    catalogue: recorder.files,
    objects: await gatherObjects(client, target),
    ...(log && { log }),
  }
}

/** The log that this fleet's owner chose at `init`; undefined for none. */
export async function ownLog({
  directory,
}: Pick<Home, 'directory'>): Promise<LogChoice | undefined> {
  const file = join(directory, 'log-policy.json')
  if (!existsSync(file)) return undefined
  const choice = logChoice(parseStrictJson(await readFile(file)), 'log policy')
  return chosenLog(choice) && choice
}

/** That log, for what needs one. Errors: `cli/not-found` */
export async function logPolicyOf(home: Pick<Home, 'directory'>): Promise<LogPolicy> {
  const choice = await ownLog(home)
  const policy = choice && chosenLog(choice)
  if (policy) return policy
  const message = `cannot follow a log: ${home.directory} has no log-policy.json`
  throw new CliError('cli/not-found', message, { directory: home.directory })
}

async function gatherLogged(
  home: Home,
  client: Client,
  catalogue: Digest,
  target: Target,
): Promise<LoggedEvidence | undefined> {
  const choice = await ownLog(home)
  if (choice === undefined) return undefined
  const leaf = toHex(leafHash(leafOf(catalogue, target)))
  const { body } = await client.open(getLogProof, { params: { leaf }, query: {} })
  return { choice, proof: fromUtf8(await readCapped('log proof', body, 256 * 1024)) }
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
  const record = readOrNot(await take(digest, length), bytes =>
    parseReleaseRecord(parseStrictJson(bytes)),
  )
  if (record === undefined) return objects
  const { tree, sbom, mud, provenance } = record
  await take(tree.digest, tree.length)
  await take(sbom.digest, sbom.length)
  if (mud) await take(mud.digest, mud.length)
  const envelope = await take(provenance.digest, provenance.length)
  const { lock, manifest } = readOrNot(envelope, readStatement) ?? {}
  for (const name of [lock, manifest]) if (name) await take(name, longestDocument)
  return objects
}

/** What is read here only tells what to fetch next. Where it can't be read, the chain says why. */
function readOrNot<T>(
  bytes: Uint8Array | undefined,
  read: (bytes: Uint8Array) => T,
): T | undefined {
  if (bytes === undefined) return undefined
  try {
    return read(bytes)
  } catch (error) {
    if (isCoded(error)) return undefined
    throw error
  }
}

function readStatement(envelope: Uint8Array): Provenance {
  const { payload } = parseEnvelopeBytes(envelope)
  return parseProvenance(parseStrictJson(fromBase64(payload)))
}

/** An object of the server's; undefined where it has none of this digest. */
function fetchObject(
  client: Client,
  digest: Digest,
  limit: number,
): Promise<Uint8Array | undefined> {
  const open = () => client.open(getObject, { params: { digest } })
  return fetchIfThere(`object ${digest}`, open, limit)
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
