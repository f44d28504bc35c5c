import type { Digest, Json } from '@steadfleet/base'
import type { Catalogue, Target } from './catalogue.ts'
import { TrustError, type TrustErrorCode } from './error.ts'
import { type Floors, packageFloor } from './floor.ts'
import { modelPath } from './model.ts'
import type {
  Architecture,
  ModelStatement,
  Order,
  OrderedRelease,
  TrustPolicy,
} from './statements.ts'

/** All that must agree before a device runs a new byte. */
export interface Agreement {
  readonly order: Order
  /** Refreshed catalogues, by the policy's names for them. Where one is not to be had, `find` rejects. */
  readonly catalogues: ReadonlyMap<string, Pick<Catalogue, 'find'>>
  readonly policy: TrustPolicy
  /** The statement that {@link findAllowed} led to: from a publisher who counts. */
  readonly model: ModelStatement
  readonly floors: Floors
  /** Records of what runs: agreed on before, so that no catalogue that is gone stops it, and no new policy. */
  readonly running?: ReadonlySet<Digest>
  /** What this device is. */
  readonly architecture: Architecture
  /** The model's name (`acme/greenhouse-box`) where the device knows it from enrolment. */
  readonly expectedModel?: string
}

/** A release that owner, publisher and catalogue agree on. */
export interface AgreedRelease {
  readonly ordered: OrderedRelease
  readonly path: string
  /** The delegated role that signed it; undefined where it runs and was not looked up again. */
  readonly role: string | undefined
  /** The release record: fetch no more than `length` bytes, accept no other digest. */
  readonly record: { readonly digest: Digest; readonly length: number }
  /** The order's grants that the owner root's ceiling allows this package. */
  readonly grants: readonly string[]
}

/** Compares order, policy, model and catalogue field by field, and refuses the first disagreement. */
export async function agree(agreement: Agreement): Promise<AgreedRelease[]> {
  refuseOtherModel(agreement)
  refuseMissingRequired(agreement)
  const agreed: AgreedRelease[] = []
  for (const ordered of agreement.order.releases) agreed.push(await agreeOn(ordered, agreement))
  return agreed
}

async function agreeOn(ordered: OrderedRelease, agreement: Agreement): Promise<AgreedRelease> {
  const path = `${ordered.package}/${ordered.revision}/${ordered.architecture}`
  refuseOtherArchitecture(ordered, agreement)
  refuseBelowFloor(ordered.package, ordered.revision, agreement)
  const target = await findAllowed(agreement, ordered.catalogue, path).catch(error => {
    if (!agreement.running?.has(ordered.record.digest)) throw error
    return undefined
  })
  if (target) refuseDisagreement(ordered, target)
  const grants = grantsUnderCeiling(ordered, agreement.policy)
  return { ordered, path, role: target?.role, record: ordered.record, grants }
}

/** What a catalogue says of a path, by a publisher whom the policy lets speak for it there. */
export async function findAllowed(
  { policy, catalogues }: Pick<Agreement, 'policy' | 'catalogues'>,
  name: string,
  path: string,
): Promise<Target> {
  const packageName = path.split('/', 2).join('/')
  const publisher = publisherFor(policy, name, packageName)
  const catalogue = catalogues.get(name)
  if (!catalogue || !publisher) throw notAllowed(packageName, `catalogue ${name}`)
  const target = await catalogue.find(path)
  if (target === undefined) {
    const message = `cannot run ${path}: catalogue ${name} does not have it`
    throw new TrustError('trust/not-published', message, { path, catalogue: name })
  }
  refuseUndelegated(target)
  // An adoption names one publisher; the catalogue’s own delegations name the others.
  const to = adoptionOf(policy, packageName)?.to
  if (to && target.publisher !== to.publisher) throw notAllowed(packageName, `role ${target.role}`)
  return target
}

function adoptionOf({ adoptions }: TrustPolicy, packageName: string) {
  return adoptions?.find(one => one.package === packageName)
}

/** Who speaks for a package in a catalogue: its publisher or who adopted it, where the policy lets them. */
export function publisherFor(
  policy: TrustPolicy,
  catalogue: string,
  packageName: string,
): string | undefined {
  const to = adoptionOf(policy, packageName)?.to
  const publisher = to?.publisher ?? packageName.slice(0, packageName.indexOf('/'))
  const named = policy.catalogues.find(({ name }) => name === catalogue)
  if (!named || (to && to.catalogue !== catalogue)) return undefined
  if (named.refused.includes(publisher)) return undefined
  return named.allowed.some(name => name === '*' || name === publisher) ? publisher : undefined
}

/** A release that an owner orders must be the very one that its publisher signed. Uptane §5.4.4.2 */
function refuseDisagreement(ordered: OrderedRelease, target: Target): void {
  const { custom } = target
  const rows: [TrustErrorCode, string, Json, Json | undefined][] = [
    ['trust/length-mismatch', 'length', ordered.record.length, target.length],
    ['trust/digest-mismatch', 'digest', ordered.record.digest, target.digest],
    ['trust/package-mismatch', 'package', ordered.package, custom.package],
    ['trust/revision-mismatch', 'revision', ordered.revision, custom.revision],
    ['trust/architecture-mismatch', 'architecture', ordered.architecture, custom.architecture],
  ]
  for (const [code, field, wanted, found] of rows) {
    if (wanted === found) continue
    const message = `cannot run ${target.path}: ordered ${field} ${wanted}, published ${found}`
    const facts = { path: target.path, ordered: String(wanted), published: String(found) }
    throw new TrustError(code, message, facts)
  }
}

/** The catalogue's own offline role delegates and signs no release: a publisher must stand for it. */
function refuseUndelegated({ path, role }: Target): void {
  if (role !== 'targets') return
  const message = `cannot run ${path}: signed by the catalogue, not by a publisher`
  throw new TrustError('trust/not-delegated', message, { path })
}

function notAllowed(packageName: string, source: string): TrustError {
  const message = `cannot run ${packageName} from ${source}: the owner’s policy does not allow it`
  return new TrustError('trust/not-allowed', message, { package: packageName, source })
}

function refuseOtherArchitecture(ordered: OrderedRelease, agreement: Agreement): void {
  const { architecture, model } = agreement
  if (ordered.architecture === architecture && model.architectures.includes(architecture)) return
  const message = `cannot run ${ordered.package} for ${ordered.architecture}: this device is ${architecture}`
  const facts = { package: ordered.package, expected: architecture, found: ordered.architecture }
  throw new TrustError('trust/architecture-mismatch', message, facts)
}

function refuseBelowFloor(
  packageName: string,
  revision: number,
  { floors, policy }: Agreement,
): void {
  const held = floors.get(packageFloor(packageName)) ?? 0
  const floor = Math.max(held, adoptionOf(policy, packageName)?.floor ?? 0)
  if (revision >= floor) return
  const message = `cannot run ${packageName} revision ${revision}: its floor is ${floor}`
  throw new TrustError('trust/below-floor', message, { package: packageName, revision, floor })
}

function refuseOtherModel(agreement: Agreement): void {
  const { order, model, expectedModel } = agreement
  refuseBelowFloor(model.model, model.revision, agreement)
  const path = modelPath(model)
  if (order.model === path && (expectedModel ?? model.model) === model.model) return
  const message = `cannot obey an order for model ${order.model}: this device is ${expectedModel ?? path}`
  const facts = { expected: expectedModel ?? path, found: order.model }
  throw new TrustError('trust/wrong-model', message, facts)
}

function refuseMissingRequired({ order, model }: Agreement): void {
  const ordered = new Set(order.releases.map(release => release.package))
  const missing = model.required.filter(name => !ordered.has(name))
  if (missing.length === 0) return
  const message = `cannot obey an order without ${missing.join(', ')}: model ${model.model} requires it`
  throw new TrustError('trust/required-package', message, { missing })
}

function grantsUnderCeiling(ordered: OrderedRelease, { ceiling }: TrustPolicy): string[] {
  return ordered.grants.filter(name => {
    const packages = ceiling.get(name) ?? []
    return packages.includes('*') || packages.includes(ordered.package)
  })
}
