import { type Digest, digestOf, toDocument } from '@steadfleet/base'
import { type GrantSituation, grantedNames } from '@steadfleet/confine'
import {
  type ConfinementPart,
  fittingSettings,
  type IsolationPolicy,
  type SettingValues,
  type UpdatePolicy,
  usualCheckInSeconds,
} from '@steadfleet/domain'
import { type Order, type OrderedRelease, publisherFor, type TrustPolicy } from '@steadfleet/trust'
import { groupsWith } from '../store/device-search.ts'
import { assignedTo, type DeviceRow, reportOf } from '../store/device-store.ts'
import { type FleetRow, fleetNamed, requiredPartsOf, updatesOf } from '../store/fleet-store.ts'
import { saidInFleet, situationFor } from '../store/grant-store.ts'
import { orderedIsolationOf } from '../store/isolation-store.ts'
import { serverKeys } from '../store/people-store.ts'
import { releasesAt, type StoredRelease } from '../store/release-store.ts'
import type { Db } from '../store/schema.ts'
import { settingsGivenTo } from '../store/setting-store.ts'
import { valuesOf } from './given-settings.ts'

/** All of an order that is not its number and its dates: the same content is not signed again. */
export interface OrderContent extends Pick<Order, 'model' | 'releases'> {
  /** Devices that know no policy of updates, isolation or confinement skip it. docs/formats/statements.md */
  readonly policy: Order['policy'] & {
    readonly updates?: UpdatePolicy
    readonly isolation?: IsolationPolicy
    /** Packages whose data of then comes with an earlier release. */
    readonly 'restore-data'?: readonly string[]
    /** When somebody asked that what failed be tried again. */
    readonly 'try-again'?: string
    readonly require?: readonly ConfinementPart[]
    /** By which keys devices know the server, where not by authorities. */
    readonly 'server-keys'?: readonly Digest[]
  }
}

export interface ContentOptions {
  readonly db: Db
  readonly policy: TrustPolicy
  /** The policy's name for the server's first catalogue. */
  readonly firstCatalogue: string
  /** By which groups of time are judged. */
  readonly now: Date
}

/** What a device shall run: its packages at their revisions, with the settings and grants of now. */
export async function contentFor(
  options: ContentOptions,
  device: DeviceRow,
): Promise<OrderContent> {
  const { db, policy, firstCatalogue } = options
  const fleet = await fleetNamed(db, device.fleet)
  const settings = await settingsFor(options, device)
  const said = await saidInFleet(db, device.fleet, policy.ceiling)
  const releases: OrderedRelease[] = []
  const restored: string[] = []
  for (const assigned of await assignedTo(db, device.id)) {
    const found = await releaseFor(options, device, assigned)
    if (!found) continue
    const situation = situationFor(assigned.package, device.id, said)
    if (assigned.restores_data === 1) restored.push(assigned.package)
    const ordered = toOrdered(found, situation, settings.get(assigned.package) ?? {})
    releases.push({ ...ordered, catalogue: found.catalogue || firstCatalogue })
  }
  const keys = await serverKeys(db)
  const policies = { ...policyOf(fleet, device), ...(keys.length > 0 && { 'server-keys': keys }) }
  const ordered = restored.length > 0 ? { ...policies, 'restore-data': restored } : policies
  return { model: fleet.model, releases, policy: ordered }
}

/** The devices' own defaults are not written: orders of old stay as they are. */
function policyOf(fleet: FleetRow, device: DeviceRow): OrderContent['policy'] {
  const seconds = fleet.check_in_seconds
  const updates = updatesOf(fleet)
  const isolation = orderedIsolationOf(device, fleet)
  const require = requiredPartsOf(fleet)
  return {
    ...(seconds !== usualCheckInSeconds && { 'check-in-seconds': seconds }),
    ...(Object.keys(updates).length > 0 && { updates }),
    ...(Object.keys(isolation).length > 0 && { isolation }),
    ...(require.length > 0 && { require }),
    ...(device.tries_again !== null && { 'try-again': device.tries_again }),
    ...(fleet.probation_seconds !== null && { 'probation-seconds': fleet.probation_seconds }),
  }
}

/**
 * The release that is assigned; where the policy lets nobody bring that, the one that the device says
 * it runs, which may stay. docs/decisions/0020
 */
async function releaseFor(
  { db, policy, firstCatalogue }: ContentOptions,
  device: DeviceRow,
  { package: name, revision }: { readonly package: string; readonly revision: number },
): Promise<StoredRelease | undefined> {
  const isOurs = ({ record }: StoredRelease): boolean => record.architecture === device.architecture
  const assigned = (await releasesAt(db, name, revision)).find(isOurs)
  if (!assigned || publisherFor(policy, assigned.catalogue || firstCatalogue, name)) return assigned
  const runs = reportOf(device)?.releases.find(one => one.package === name)
  const noted = runs ? await releasesAt(db, name, runs.revision) : []
  return noted.find(one => isOurs(one) && one.record.tree.digest === runs?.tree)
}

export function digestOfContent(content: OrderContent): Digest {
  return digestOf(toDocument(content))
}

function toOrdered(
  { record, digest, length }: StoredRelease,
  situation: GrantSituation,
  settings: SettingValues,
): Omit<OrderedRelease, 'catalogue'> {
  return {
    package: record.package,
    revision: record.revision,
    architecture: record.architecture,
    record: { digest: digest as Digest, length },
    settings: fittingSettings(record.behaviour.settings ?? {}, settings),
    grants: grantedNames(record.behaviour.interfaces ?? [], situation),
  }
}

/** Values by package. */
async function settingsFor(
  { db, now }: ContentOptions,
  device: DeviceRow,
): Promise<Map<string, SettingValues>> {
  const settings = await settingsGivenTo(db, device)
  if (settings.length === 0) return new Map()
  const isForGroups = settings.some(({ scope }) => scope === 'group')
  const groups = isForGroups ? await groupsWith(db, device, now) : []
  const byPackage = Map.groupBy(settings, setting => setting.package)
  return new Map([...byPackage].map(([name, given]) => [name, valuesOf(given, groups, device.id)]))
}
