import { type Digest, parseStrictJson, toCanonical, toDocument } from '@steadfleet/base'
import { type PublisherName, parsePublisherName, parseReleaseRecord } from '@steadfleet/domain'
import {
  type Client,
  type DeviceView,
  fetchIfThere,
  getDeviceOrder,
  getFileOfCatalogue,
  getObject,
  getOwnerRoot,
  getPolicy,
  ProblemError,
  readCapped,
} from '@steadfleet/protocol'
import {
  type Order,
  parseEnvelope,
  refreshCatalogue,
  reopenOrder,
  reopenPolicy,
  type Target,
  type TrustPolicy,
} from '@steadfleet/trust'
import { CliError } from '../error.ts'
import { memoryStore } from '../verify/memory-store.ts'
import { gatherProofs, type Logged } from './gather-proofs.ts'

/** What an offline file is to hold, but for the content of the trees. */
export interface OfflineDraft {
  readonly documents: ReadonlyMap<string, Uint8Array>
  readonly trees: readonly Digest[]
  readonly orders: readonly { readonly device: DeviceView; readonly order: Order }[]
}

/** The longest record, listing or statement that is looked for. */
const longest = 16 * 1024 * 1024

/**
 * Gathers what these devices would ask the server for, each by its newest order: whoever imports it verifies
 * it as if the server had answered. `held` are the sizes of the log that a device may hold.
 */
export async function gatherOffline(
  client: Client,
  devices: readonly DeviceView[],
  held: readonly number[],
  now: Date,
): Promise<OfflineDraft> {
  const documents = new Map<string, Uint8Array>()
  const orders = []
  for (const device of devices)
    orders.push({ device, order: await takeOrder(client, device, documents) })
  const policy = await takeOwner(client, documents)
  const releases = orders.flatMap(({ order }) => order.releases)
  const models = orders.map(({ order }) => order.model)
  const logged: Logged[] = []
  for (const { name, root } of policy.catalogues) {
    const own = releases.filter(one => one.catalogue === name).map(toPath)
    const catalogue = { client, name: parsePublisherName(name), root, now }
    const targets = await takeCatalogue(catalogue, [...own, ...models], documents)
    for (const target of targets) await takeObject(client, target, documents)
    logged.push(...targets.map(target => ({ catalogue: root, target })))
  }
  const trees = await takeListings(
    client,
    releases.map(one => one.record.digest),
    documents,
  )
  await gatherProofs(client, { policy, documents, logged }, held)
  return { documents, trees, orders }
}

function toPath({ package: name, revision, architecture }: Order['releases'][number]): string {
  return `${name}/${revision}/${architecture}`
}

type Documents = Map<string, Uint8Array>

async function takeOrder(client: Client, device: DeviceView, documents: Documents): Promise<Order> {
  const { id } = device
  const view = await client.call(getDeviceOrder, { params: { device: id } })
  if (view === null) {
    const hint = 'name the release and say --order, or move a channel that its fleet follows'
    const message = `cannot export for ${device.name}: no order was made for it yet`
    throw new CliError('cli/not-found', message, { device: id, hint })
  }
  const envelope = parseEnvelope(parseStrictJson(toDocument(view)))
  documents.set(`/v1/devices/${id}/order`, toCanonical({ ...envelope }))
  return reopenOrder(envelope)
}

/** The owner's roots from the first on, and the policy of now. */
async function takeOwner(client: Client, documents: Documents): Promise<TrustPolicy> {
  for (let version = 1; ; version += 1) {
    const root = await client
      .call(getOwnerRoot, { params: { version: String(version) } })
      .catch(orNone)
    if (root === undefined) break
    documents.set(`/v1/owner/roots/${version}`, toDocument(root))
  }
  const policy = await client.call(getPolicy, {})
  documents.set('/v1/owner/policy', toDocument(policy))
  return reopenPolicy(parseEnvelope(parseStrictJson(toDocument(policy))))
}

function orNone(error: unknown): undefined {
  if (error instanceof ProblemError && error.status === 404) return undefined
  throw error
}

interface Place {
  readonly client: Client
  readonly name: PublisherName
  readonly root: Digest
  readonly now: Date
}

/** Every file that the way from the first root to these paths leads over; a path it lacks is passed by. */
async function takeCatalogue(
  { client, name, root, now }: Place,
  paths: readonly string[],
  documents: Documents,
): Promise<Target[]> {
  const fetcher = {
    async fetch(file: string, limit: number) {
      const params = { catalogue: name, file }
      const bytes = await fetchIfThere(
        file,
        () => client.open(getFileOfCatalogue, { params }),
        limit,
      )
      if (bytes) documents.set(`/v1/catalogues/${name}/${file}`, bytes)
      return bytes
    },
  }
  const catalogue = await refreshCatalogue({ store: memoryStore(), fetcher, now, firstRoot: root })
  const targets = await Promise.all([...new Set(paths)].map(path => catalogue.find(path)))
  return targets.filter(target => target !== undefined)
}

async function takeObject(
  client: Client,
  { digest, length }: Pick<Target, 'digest' | 'length'>,
  documents: Documents,
): Promise<Uint8Array> {
  const name = `/v1/objects/${digest}`
  const held = documents.get(name)
  if (held) return held
  const { body } = await client.open(getObject, { params: { digest } })
  const bytes = await readCapped(`object ${digest}`, body, Math.min(length, longest))
  documents.set(name, bytes)
  return bytes
}

async function takeListings(
  client: Client,
  records: readonly Digest[],
  documents: Documents,
): Promise<Digest[]> {
  const trees = new Set<Digest>()
  for (const digest of new Set(records)) {
    const bytes = documents.get(`/v1/objects/${digest}`)
    if (bytes === undefined) {
      const message = `cannot export release ${digest}: the catalogue does not have it`
      throw new CliError('cli/not-found', message, { record: digest })
    }
    const { tree } = parseReleaseRecord(parseStrictJson(bytes))
    await takeObject(client, tree, documents)
    trees.add(tree.digest)
  }
  return [...trees].sort()
}
