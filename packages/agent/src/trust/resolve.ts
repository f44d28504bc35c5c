import { type Digest, parseStrictJson } from '@steadfleet/base'
import {
  effectiveSettings,
  faultsInSettings,
  parseReleaseRecord,
  parseSettingValues,
  type ReleaseRecord,
  releasePath,
} from '@steadfleet/domain'
import type { GenerationPackage, Wanted } from '@steadfleet/engine'
import {
  type AgreedRelease,
  agree,
  type Floors,
  type ModelStatement,
  type Order,
  TrustError,
} from '@steadfleet/trust'
import { AgentError } from '../error.ts'
import { refuseOtherAgents } from '../self/agent-package.ts'
import { adoptionFloors } from './adoption.ts'
import { type CatalogueContext, openCatalogues } from './catalogues.ts'
import type { Enrolment } from './enrolment.ts'
import { type LogContext, refuseUnlogged } from './log-check.ts'
import { type Claim, releaseClaim } from './log-claims.ts'
import { findModel } from './model.ts'
import { refuseUnloggedOwner } from './owner-logged.ts'
import type { PackageSettings } from './secrets.ts'

/** What resolving an order needs. `content` yields verified bytes of a small object. */
export interface ResolveContext extends CatalogueContext {
  readonly enrolment: Enrolment
  /** Where the device's model statement is kept. */
  readonly modelFile: string
  /** Records of what the device runs now. */
  readonly running: ReadonlySet<Digest>
  /** Refuses secrets that are not for this device, or older than what it had; gives their versions. */
  readonly refuseUnopened: (of: PackageSettings) => Promise<Floors>
  readonly content: (digest: Digest, length: number) => Promise<Uint8Array>
}

export interface Resolved {
  readonly wanted: Wanted
  readonly model: ModelStatement
}

/** Makes of an accepted order what to run, where owner, publisher and catalogue agree on all of it. */
export async function resolveOrder(context: ResolveContext, order: Order): Promise<Resolved> {
  const catalogues = openCatalogues(context)
  const { client, trust, enrolment, content, running, suspect, modelFile: file } = context
  const { architecture } = enrolment
  const expected = enrolment.model === '' ? {} : { expectedModel: modelName(enrolment.model) }
  const { policy } = trust
  await trust.raise(adoptionFloors(policy))
  const { floors } = trust
  const log = { client, policy, log: trust.log }
  const refuse = (claim: Claim) => refuseUnlogged(log, claim)
  const kept = { refuseUnlogged: refuse, suspect, file }
  const model = await findModel({ policy, catalogues, content, ...kept }, order.model)
  const agreed = await agree({
    order,
    catalogues,
    policy,
    model,
    floors,
    architecture,
    running,
    ...expected,
  })
  for (const release of agreed) tellOverreach(release, suspect)
  await refuseUnloggedReleases(context, log, agreed)
  const packages: Wanted['packages'][number][] = []
  for (const release of agreed) packages.push(await readRelease(context, release))
  refuseOtherAgents(packages, policy)
  for (const one of packages) await trust.raise(await context.refuseUnopened(one))
  const probation = order.policy['probation-seconds']
  const wanted = { counter: order.counter, model: order.model, packages }
  return {
    wanted: probation === undefined ? wanted : { ...wanted, probationSeconds: probation },
    model,
  }
}

/**
 * Refuses what is new of an order before a byte of its content is fetched: the releases that do not run here
 * yet, and those of the owner's statements that let them in. What runs already is stopped by no log.
 */
async function refuseUnloggedReleases(
  { trust, running }: ResolveContext,
  log: LogContext,
  agreed: readonly AgreedRelease[],
): Promise<void> {
  const fresh = agreed.filter(({ record }) => !running.has(record.digest))
  if (fresh.length === 0) return
  await refuseUnloggedOwner(log, trust, new Set(fresh.map(({ ordered }) => ordered.package)))
  for (const release of fresh) await refuseUnlogged(log, releaseClaim(log.policy, release))
}

/** The ceiling takes away what a director grants above it, and the rest goes on; that it was tried is told. */
function tellOverreach(
  { ordered, grants }: AgreedRelease,
  suspect: ResolveContext['suspect'],
): void {
  const above = ordered.grants.filter(name => !grants.includes(name)).join(', ')
  if (above === '') return
  const message = `cannot grant ${above} to ${ordered.package}: the owner’s ceiling does not allow it`
  suspect(new TrustError('trust/not-allowed', message, { package: ordered.package, above }))
}

/** A model may be told by its name or by a statement's path: `acme/box` or `acme/box/1/all`. */
function modelName(text: string): string {
  return text.split('/').slice(0, 2).join('/')
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
