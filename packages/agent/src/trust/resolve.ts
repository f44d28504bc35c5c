import type { Digest } from '@steadfleet/base'
import { isCoded, parseStrictJson } from '@steadfleet/base'
import {
  effectiveSettings,
  faultsInSettings,
  parseReleaseRecord,
  parseSettingValues,
  type ReleaseRecord,
  releasePath,
} from '@steadfleet/domain'
import type { GenerationPackage, Wanted } from '@steadfleet/engine'
import { type Client, getCatalogueFile } from '@steadfleet/protocol'
import {
  type AgreedRelease,
  agree,
  type Catalogue,
  type Fetcher,
  type ModelStatement,
  type Order,
  openModel,
  refreshCatalogue,
  TrustError,
} from '@steadfleet/trust'
import { AgentError } from '../error.ts'
import type { Enrolment } from './enrolment.ts'
import { refuseUnlogged } from './log-check.ts'
import type { TrustState } from './trust-state.ts'

/** What resolving an order needs. `content` yields verified bytes of a small object. */
export interface ResolveContext {
  readonly client: Client
  readonly trust: TrustState
  readonly enrolment: Enrolment
  readonly now: Date
  readonly content: (digest: Digest, length: number) => Promise<Uint8Array>
}

export interface Resolved {
  readonly wanted: Wanted
  readonly model: ModelStatement
}

/** Makes of an accepted order what to run, where owner, publisher and catalogue agree on all of it. */
export async function resolveOrder(context: ResolveContext, order: Order): Promise<Resolved> {
  const catalogues = await refreshAll(context)
  const model = await fetchModel(context, order.model, catalogues)
  const { trust, enrolment } = context
  const { architecture } = enrolment
  const expected = enrolment.model === '' ? {} : { expectedModel: modelName(enrolment.model) }
  const { policy, floors } = trust
  const agreed = await agree({
    order,
    catalogues,
    policy,
    model,
    floors,
    architecture,
    ...expected,
  })
  const { client } = context
  await refuseUnlogged({ client, policy, log: trust.log, running: new Set() }, agreed)
  const packages: Wanted['packages'][number][] = []
  for (const release of agreed) packages.push(await readRelease(context, release))
  const probation = order.policy['probation-seconds']
  const wanted = { counter: order.counter, model: order.model, packages }
  return {
    wanted: probation === undefined ? wanted : { ...wanted, probationSeconds: probation },
    model,
  }
}

/** A model may be told by its name or by a statement's path: `acme/box` or `acme/box/1/all`. */
function modelName(text: string): string {
  return text.split('/').slice(0, 2).join('/')
}

async function refreshAll(context: ResolveContext): Promise<Map<string, Catalogue>> {
  const { trust, now } = context
  const catalogues = new Map<string, Catalogue>()
  for (const { name, root } of trust.policy.catalogues) {
    const firstRootFile = await trust.firstRootFile(root)
    const catalogue = await refreshCatalogue({
      store: trust.catalogueFiles(name),
      fetcher: fetcherOf(context.client),
      now: trust.time(now),
      firstRoot: root,
      ...(firstRootFile && { firstRootFile }),
      floors: trust.floors,
      name,
    })
    await trust.raise(catalogue.floors)
    catalogues.set(name, catalogue)
  }
  return catalogues
}

function fetcherOf(client: Client): Fetcher {
  return {
    async fetch(file, limit) {
      try {
        const { body } = await client.open(getCatalogueFile, { params: { file } })
        return await readLimited(body, limit, file)
      } catch (error) {
        if (isCoded(error, 'content/unknown') || hasStatus(error, 404)) return undefined
        throw error
      }
    },
  }
}

function hasStatus(error: unknown, status: number): boolean {
  return error instanceof Error && 'status' in error && error.status === status
}

async function readLimited(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  file: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > limit) {
      const message = `cannot fetch ${file}: more than ${limit} bytes`
      throw new TrustError('trust/endless-data', message, { file, limit })
    }
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

async function fetchModel(
  { content }: ResolveContext,
  path: string,
  catalogues: ReadonlyMap<string, Catalogue>,
): Promise<ModelStatement> {
  for (const catalogue of catalogues.values()) {
    const target = await catalogue.find(path)
    if (target) return openModel(target, await content(target.digest, target.length))
  }
  throw new TrustError(
    'trust/wrong-model',
    `cannot obey an order for model ${path}: no catalogue has it`,
    {
      path,
    },
  )
}

async function readRelease(
  { content }: ResolveContext,
  agreed: AgreedRelease,
): Promise<Wanted['packages'][number]> {
  const bytes = await content(agreed.record.digest, agreed.record.length)
  const record = parseReleaseRecord(parseStrictJson(bytes))
  refuseOtherRecord(record, agreed.path)
  const requested = (record.behaviour.interfaces ?? []).map(one => one.interface)
  return {
    package: record.package,
    catalogue: agreed.ordered.catalogue,
    revision: record.revision,
    version: record.version,
    record: agreed.record,
    tree: record.tree,
    size: record.size,
    settings: settingsOf(record, agreed),
    grants: agreed.grants,
    interfaces: requested.filter(name => agreed.grants.includes(name)).sort(),
    behaviour: record.behaviour,
    floor: record.floor ?? 0,
  }
}

/** The catalogue signs the record's digest under a path; the record must say the same of itself. */
function refuseOtherRecord(record: ReleaseRecord, path: string): void {
  const own = releasePath(record)
  if (own === path) return
  const message = `cannot run ${path}: its record says ${own}`
  throw new AgentError('agent/record', message, { path, found: own })
}

function settingsOf(
  record: ReleaseRecord,
  { ordered }: AgreedRelease,
): GenerationPackage['settings'] {
  const declared = record.behaviour.settings ?? {}
  const given = parseSettingValues(ordered.settings)
  const [fault] = faultsInSettings(declared, given)
  if (fault === undefined) return effectiveSettings(declared, given)
  const message = `cannot run ${record.package}: setting ${fault.path.slice(1)} ${fault.message}`
  throw new AgentError('agent/settings', message, { package: record.package, setting: fault.path })
}
