import {
  type ConfinementPart,
  type DeviceEvent,
  type DeviceId,
  type FleetName,
  type Isolation,
  newlyIsolated,
  type PackageName,
  type StateReport,
} from '@steadfleet/domain'
import { appendAct } from '../store/audit-store.ts'
import { deviceWithId } from '../store/device-store.ts'
import { fleetNamed } from '../store/fleet-store.ts'
import { isolationOf } from '../store/isolation-store.ts'
import type { Db } from '../store/schema.ts'
import { ofIsolation } from '../store/state-of.ts'
import { markDue, markFleetDue } from './due.ts'
import { noteOnDevice } from './events.ts'
import { notify } from './notices.ts'
import type { CheckIn } from './said.ts'

export interface IsolationAct {
  readonly device: string
  /** Absent for all of the device's packages at once. */
  readonly package?: PackageName | undefined
  readonly isIsolated: boolean
  /** Who did it, or what. */
  readonly by: string
  readonly now: string
}

/** Isolates a device or one of its packages, or releases it; releasing a device releases its packages too. */
export async function setIsolation(db: Db, act: IsolationAct): Promise<void> {
  const { device, package: name, isIsolated, by, now } = act
  const row = await deviceWithId(db, device)
  const held = isolationOf(row)
  const next =
    name === undefined ? wholeDevice(held, isIsolated) : onePackage(held, name, isIsolated)
  const [before, after] = [JSON.stringify(held), JSON.stringify(next)]
  if (before === after) return
  await db.updateTable('device').set({ isolation: after }).where('id', '=', device).execute()
  await markDue(db, [device])
  const what = name ?? 'all packages'
  const message = `${by} ${isIsolated ? 'isolated' : 'released'} ${what}`
  const code = isIsolated ? 'isolation/begun' : 'isolation/ended'
  const details = { by, ...(name !== undefined && { package: name }) }
  await noteOnDevice(db, device, { at: now as DeviceEvent['at'], code, message, details })
  if (!isIsolated) return
  const fleet = row.fleet as FleetName
  const data = { fleet, device: row.id as DeviceId, name: row.name, ...details }
  await notify(db, { kind: 'device.isolated', fleet, data, now })
}

function wholeDevice(held: Isolation, isIsolated: boolean): Isolation {
  return isIsolated ? { ...held, device: true } : {}
}

function onePackage(held: Isolation, name: PackageName, isIsolated: boolean): Isolation {
  const others = (held.packages ?? []).filter(one => one !== name)
  const packages = (isIsolated ? [...others, name] : others).sort()
  return { ...(held.device && { device: true }), ...(packages.length > 0 && { packages }) }
}

export interface NewIsolationRule {
  readonly fleet: string
  /** Denied attempts in a minute; null for none. */
  readonly from: number | null
}

/** The standing rule of a fleet. */
export async function setIsolationRule(db: Db, rule: NewIsolationRule): Promise<void> {
  const { fleet, from } = rule
  await fleetNamed(db, fleet)
  await db.updateTable('fleet').set({ isolate_from: from }).where('name', '=', fleet).execute()
  await markFleetDue(db, fleet)
}

/** What devices of a fleet must have to confine apps with. */
export async function setRequiredParts(
  db: Db,
  { fleet, parts }: { readonly fleet: string; readonly parts: readonly ConfinementPart[] },
): Promise<void> {
  await fleetNamed(db, fleet)
  const required_parts = JSON.stringify([...parts].sort())
  await db.updateTable('fleet').set({ required_parts }).where('name', '=', fleet).execute()
  await markFleetDue(db, fleet)
}

/** Isolates what the device isolated by itself since its report of before, once each; and what tried too much. */
export async function isolateAsTold(
  db: Db,
  said: CheckIn,
  { before, events }: ToldBefore,
): Promise<void> {
  const began = newlyIsolated(before?.isolated, said.report.isolated)
  for (const name of began) await isolateBy(db, said, { name, by: 'the device itself' })
  await isolateByRule(db, said, events)
}

interface ToldBefore {
  /** What the device had said before this check-in. */
  readonly before: StateReport | undefined
  /** New in it. */
  readonly events: readonly DeviceEvent[]
}

/** By what devices tell of attempts. Whatever was isolated already when it was told needs nobody to do it again. */
async function isolateByRule(db: Db, said: CheckIn, events: readonly DeviceEvent[]): Promise<void> {
  const denied = events.filter(({ code, kind }) => kind === 'security' && code === 'network/denied')
  if (denied.length === 0) return
  const { fleet } = await deviceWithId(db, said.device)
  const { isolate_from: from } = await fleetNamed(db, fleet)
  for (const { details = {} } of denied) {
    const { package: name, isolated } = details
    if (typeof name !== 'string' || isolated === true) continue
    if (from === null || perMinute(details) < from) continue
    await isolateBy(db, said, { name: name as PackageName, by: 'the fleet’s rule' })
  }
}

async function isolateBy(
  db: Db,
  { device, now }: CheckIn,
  { name, by }: { readonly name: PackageName; readonly by: string },
): Promise<void> {
  const { fleet } = await deviceWithId(db, device)
  const act = { device, package: name, isIsolated: true, by, now }
  await tell(db, act, fleet, () => setIsolation(db, act))
}

/** A rule acts inside of what a device says, which is no act: so it is told by itself. */
async function tell(
  db: Db,
  { device, by, now }: IsolationAct,
  fleet: string,
  act: () => Promise<void>,
): Promise<void> {
  const before = JSON.stringify(await ofIsolation(db, { device }))
  await act()
  const after = JSON.stringify(await ofIsolation(db, { device }))
  if (before === after) return
  const whose = { at: now, by, place: '', fleet, subject: device }
  await appendAct(db, { ...whose, act: 'setIsolation', before, after })
}

/** A short window is not multiplied: a few attempts in a second are no thousand in a minute. */
function perMinute(details: NonNullable<DeviceEvent['details']>): number {
  const seconds = Math.max(60, Number(details['window-seconds'] ?? 60))
  return (Number(details.count ?? 0) * 60) / seconds
}
