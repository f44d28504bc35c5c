import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Digest, isCoded, parseStrictJson, toHexDigest } from '@steadfleet/base'
import { writeOffline } from '@steadfleet/bundle'
import type { Generation } from '@steadfleet/engine'
import { getOwnerRoot, getPolicy } from '@steadfleet/protocol'
import { type Envelope, type Order, parseEnvelope } from '@steadfleet/trust'
import type { Stores } from '../change/stores.ts'
import { syncDirectory, withFile } from '../disk/durable.ts'
import type { Paths } from '../disk/paths.ts'
import { AgentError, isSystemError, orDiskFull } from '../error.ts'
import { runDeltaProcess } from '../store/delta-process.ts'
import type { FetchContext } from '../store/fetch-context.ts'
import { fetchTree } from '../store/fetch-tree.ts'
import { refuseTooLittleRoom } from '../store/room.ts'
import { Sources } from '../store/sources.ts'
import type { Resolved } from '../trust/resolve.ts'
import type { TrustState } from '../trust/trust-state.ts'
import type { World } from '../world.ts'
import { nothing, OfflineFile } from './offline-file.ts'
import { offlineClient } from './offline-transport.ts'

/** What an import needs of the agent. */
export interface ImportContext {
  readonly paths: Paths
  readonly world: World
  readonly device: string
  readonly trust: TrustState
  readonly stores: Stores
  readonly suspect: (error: unknown) => void
  /** What runs now. */
  readonly current: () => Promise<Generation>
  /** Resolves an order by what this client and these sources have. */
  readonly resolve: (order: Order, by: ResolvedBy) => Promise<Resolved>
}

export interface ResolvedBy {
  readonly client: ReturnType<typeof offlineClient>
  readonly fetching: FetchContext
  /** The moment by which the catalogue's files are judged. */
  readonly now: Date
}

/** Who may end an import, and who hears how far it is. */
export interface Watched {
  readonly stop: AbortSignal
  readonly onProgress: (progress: ImportProgress) => void
}

export interface ImportProgress {
  readonly package: string
  readonly done: number
  readonly of: number
}

/** What came of an import: the order that the device follows from now on. */
export interface Imported {
  readonly counter: number
  readonly packages: readonly string[]
}

/**
 * Takes over what a file brings for this device. Nothing of it counts before the order is the device's own,
 * in force and newer than the one it has, and all that the order names is verified as if a server had sent
 * it; the order is taken last, when all it needs is here. What was brought by then is not brought again.
 */
export async function importFile(
  context: ImportContext,
  path: string,
  watched: Watched,
): Promise<Imported> {
  await using file = await OfflineFile.open(path)
  const { trust, world, paths } = context
  // A stick that was pulled out too early is found out before anything is taken.
  for (const name of file.named('/')) await file.document(name)
  const envelope = await orderFor(file, context.device)
  await catchUp(context, file)
  const order = trust.weighOrder(envelope, world.now())
  const { wanted } = await resolveBy(context, file, order)
  await takeTrees(context, file, wanted.packages, watched)
  await keepDocuments(paths, file)
  if (trust.sealedOrder?.payload !== envelope.payload) {
    await trust.takeOrder(envelope, world.now())
  }
  const packages = wanted.packages.map(one => `${one.package} ${one.revision}`)
  return { counter: order.counter, packages }
}

/** Resolves the last accepted order by the file that brought it; undefined where none did. */
export async function resolveImported(
  context: ImportContext,
  order: Order,
): Promise<Resolved | undefined> {
  const { paths, device, trust } = context
  const file = await heldFile(paths)
  if (file === undefined) return undefined
  await using held = file
  const envelope = await orderFor(held, device)
  if (envelope.payload === trust.sealedOrder?.payload) return await resolveBy(context, held, order)
  await rm(paths.offline, { force: true })
  return undefined
}

/** The trees that the last order needs, where a file brought it: nothing of them may go before they run. */
export async function importedTrees({ offline }: Pick<Paths, 'offline'>): Promise<Digest[]> {
  const file = await heldFile({ offline })
  if (file === undefined) return []
  await using held = file
  return held.trees
}

/** The file that is kept; undefined where there is none, or only what is left of one. A disk that cannot say is no such case. */
async function heldFile({ offline }: Pick<Paths, 'offline'>): Promise<OfflineFile | undefined> {
  try {
    return await OfflineFile.open(offline)
  } catch (error) {
    if (isCoded(error) || isSystemError(error, 'EISDIR')) return undefined
    throw error
  }
}

async function orderFor(file: OfflineFile, device: string): Promise<Envelope> {
  const bytes = await file.document(`/v1/devices/${device}/order`)
  if (bytes) return parseEnvelope(parseStrictJson(bytes))
  const others = file.named('/v1/devices/').map(name => name.split('/')[3] ?? '')
  const message = `cannot import this: it is for ${others.join(', ') || 'no device'}, and this is ${device}`
  throw new AgentError('agent/other-device', message, { device, others })
}

/** The owner's newer statements, one by one, each by the one before. */
async function catchUp({ trust }: ImportContext, file: OfflineFile): Promise<void> {
  const client = offlineClient(file)
  const roots = file.named('/v1/owner/roots/').map(name => Number(name.split('/').at(-1)))
  for (const version of roots.sort((a, b) => a - b)) {
    if (version <= trust.versions.ownerRoot) continue
    const params = { version: String(version) }
    await trust.takeOwnerRoot(await client.call(getOwnerRoot, { params }))
  }
  const policy = await client.call(getPolicy, {})
  if (policy.payload !== trust.sealed.policy.payload) await trust.takePolicy(policy)
}

/** By the moment at which the director signed the order: docs/decisions/0030 */
function resolveBy(context: ImportContext, file: OfflineFile, order: Order): Promise<Resolved> {
  const { fetching, client } = offlineFetching(context, file)
  return context.resolve(order, { client, fetching, now: order.issued })
}

function offlineFetching({ paths, stores, suspect, world }: ImportContext, file: OfflineFile) {
  const client = offlineClient(file)
  const server = { name: 'the file', client, kind: 'server' } as const
  const transport = () => Promise.reject(new TypeError('an offline file has no peers'))
  const sources = new Sources({ server, transport, world, peers: [], mirrors: [], suspect })
  const { objects } = stores
  const throttle = async () => undefined
  const applyDelta: FetchContext['applyDelta'] = (job, stop) => runDeltaProcess(paths, job, stop)
  const fetching = { sources, paths, objects, suspect, throttle, applyDelta, isBundled: true }
  return { client, fetching }
}

/** What the data of the change will want is reckoned with when it begins. */
const noMore = { bytes: 0, inodes: 0 }

async function takeTrees(
  context: ImportContext,
  file: OfflineFile,
  wanted: Resolved['wanted']['packages'],
  { stop, onProgress }: Watched,
): Promise<void> {
  const { fetching } = offlineFetching(context, file)
  const packages = wanted.map(one => ({ ...one, data: 0 }))
  const { packages: running } = await context.current()
  await refuseTooLittleRoom({ fetching, ...context.stores }, running, packages, noMore, stop)
  for (const [i, one] of packages.entries()) {
    onProgress({ package: one.package, done: i, of: packages.length })
    await fetchTree(fetching, one, undefined, stop)
  }
}

/** What the order is verified by is kept for as long as it is followed: there may be no network to ask. */
async function keepDocuments({ offline, root }: Paths, file: OfflineFile): Promise<void> {
  const documents = new Map<string, Uint8Array>()
  for (const name of file.named('/')) {
    const bytes = await file.document(name)
    if (bytes) documents.set(name, bytes)
  }
  const draft = `${offline}.new`
  try {
    const bundles = file.trees.map(tree => ({
      tree: toHexDigest(tree),
      length: 0,
      content: nothing(),
    }))
    const bytes = Readable.from(writeOffline({ documents, bundles }))
    await pipeline(bytes, createWriteStream(draft))
    await withFile(draft, 'r', 0, handle => handle.sync())
    await rename(draft, offline)
    await syncDirectory(root)
  } catch (error) {
    await rm(draft, { force: true })
    throw orDiskFull(error)
  }
}
