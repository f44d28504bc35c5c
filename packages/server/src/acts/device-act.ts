import type { DeviceAct } from '@steadfleet/domain'
import { ServerError, unknown } from '../error.ts'
import { digestOfSet, idsWhere } from '../store/device-search.ts'
import { deviceWithId } from '../store/device-store.ts'
import { fleetNamed } from '../store/fleet-store.ts'
import { releasesAt } from '../store/release-store.ts'
import type { Db } from '../store/schema.ts'
import { endDeviceSessions } from './device-session.ts'
import { assign, markDue } from './due.ts'
import { noteOnDevice } from './events.ts'
import { catchUp, passOver } from './pass-over.ts'
import { refreshSearch } from './refresh-search.ts'

/** One act is one transaction, in which nothing else is written. */
const mostDevices = 20_000

interface Acting {
  readonly by: string
  readonly now: string
}

export interface BulkAct extends Acting {
  readonly fleet: string
  readonly query?: string | undefined
  readonly search?: string | undefined
  /** The name of the set that its preview found. */
  readonly set: string
  readonly act: DeviceAct
}

/** Does the same to every device that meets a question, unless they are others than somebody looked at. */
export async function actOnDevices(db: Db, bulk: BulkAct): Promise<{ devices: string[] }> {
  await fleetNamed(db, bulk.fleet)
  const question = { ...bulk, now: new Date(bulk.now) }
  const devices = await idsWhere(db, question, mostDevices + 1)
  if (devices.length > mostDevices) {
    const message = `cannot ${bulk.act.act} so many devices at once: ${mostDevices} at most`
    throw new ServerError('query/too-large', message, { most: mostDevices })
  }
  if (digestOfSet(devices) !== bulk.set) {
    const message = `cannot ${bulk.act.act} devices: they are not those of the preview any more, ${devices.length} now`
    throw new ServerError('device/set-changed', message, { devices: devices.length })
  }
  await doTo(db, devices, bulk.act, bulk)
  return { devices }
}

export interface SingleAct extends Acting {
  readonly device: string
  readonly act: DeviceAct
}

export async function actOnDevice(
  db: Db,
  { device, act, ...acting }: SingleAct,
): Promise<{ fleet: string }> {
  const { gone_at, fleet } = await deviceWithId(db, device)
  if (gone_at !== null) {
    const message = `cannot ${act.act} device ${device}: it is decommissioned, until it enrols again`
    throw new ServerError('device/decommissioned', message, { device })
  }
  await doTo(db, [device], act, acting)
  return { fleet }
}

type Doing<Act extends DeviceAct['act']> = (
  db: Db,
  devices: readonly string[],
  act: Extract<DeviceAct, { act: Act }>,
  acting: Acting,
) => Promise<void>

async function doTo(
  db: Db,
  devices: readonly string[],
  act: DeviceAct,
  acting: Acting,
): Promise<void> {
  const doing = doings[act.act] as Doing<DeviceAct['act']>
  await doing(db, devices, act, acting)
  // Groups may be of what has changed, and bring settings.
  await markDue(db, devices)
}

/** As many at a time as one statement names. */
async function bySome(
  devices: readonly string[],
  deed: (some: readonly string[]) => Promise<unknown>,
): Promise<void> {
  for (let i = 0; i < devices.length; i += 500) await deed(devices.slice(i, i + 500))
}

const label: Doing<'label'> = async (db, devices, { labels }) => {
  for (const [name, value] of Object.entries(labels)) {
    await bySome(devices, some =>
      value === null ? takeLabel(db, some, name) : putLabel(db, some, name, value),
    )
  }
  await refreshSearch(db, devices)
}

function putLabel(db: Db, devices: readonly string[], name: string, value: string) {
  return db
    .insertInto('device_label')
    .values(devices.map(device => ({ device, name, value })))
    .onConflict(conflict => conflict.columns(['device', 'name']).doUpdateSet({ value }))
    .execute()
}

function takeLabel(db: Db, devices: readonly string[], name: string) {
  return db
    .deleteFrom('device_label')
    .where('device', 'in', devices)
    .where('name', '=', name)
    .execute()
}

const note: Doing<'note'> = async (db, devices, { note: text }) => {
  await bySome(devices, some =>
    db.updateTable('device').set({ note: text }).where('id', 'in', some).execute(),
  )
  await refreshSearch(db, devices)
}

/** What a device was ordered already goes on; nothing new is ordered. */
const hold: Doing<'hold'> = async (db, devices, _, { now }) => {
  await bySome(devices, some =>
    db
      .updateTable('device')
      .set({ held_at: now })
      .where('id', 'in', some)
      .where('held_at', 'is', null)
      .execute(),
  )
  await passOver(db, devices, { from: ['waiting'], to: 'passed over', isOfReleases: true }, now)
}

const unhold: Doing<'unhold'> = async (db, devices, _, { now }) => {
  await bySome(devices, some =>
    db.updateTable('device').set({ held_at: null }).where('id', 'in', some).execute(),
  )
  await catchUp(db, devices, now)
}

/** The devices are ordered the revision, and what is under way for the package calls them no more. */
const pin: Doing<'pin'> = async (db, devices, { package: name, revision }, { now }) => {
  await refuseUnfit(db, devices, name, revision)
  const pinned = { package: name, revision }
  const which = { isOfReleases: true, pin: pinned }
  const from = ['ordered', 'away', 'silent'] as const
  await bySome(devices, some =>
    db
      .insertInto('device_pin')
      .values(some.map(device => ({ device, package: name, revision })))
      .onConflict(conflict => conflict.columns(['device', 'package']).doUpdateSet({ revision }))
      .execute(),
  )
  await passOver(db, devices, { from, to: 'recalled', ...which }, now)
  await passOver(db, devices, { from: ['waiting'], to: 'passed over', ...which }, now)
  await bySome(devices, some => assign(db, some, pinned))
}

async function refuseUnfit(
  db: Db,
  devices: readonly string[],
  name: string,
  revision: number,
): Promise<void> {
  const releases = await releasesAt(db, name, revision)
  const published = new Set<string>(releases.map(({ record }) => record.architecture))
  await bySome(devices, async some => {
    const rows = await db
      .selectFrom('device')
      .select(['id', 'architecture'])
      .where('id', 'in', some)
      .execute()
    const unfit = rows.find(({ architecture }) => !published.has(architecture))
    if (!unfit) return
    const what = `revision ${revision} of ${name} for ${unfit.architecture}, as device ${unfit.id} is`
    throw unknown('release/unknown', what, { package: name, revision })
  })
}

const unpin: Doing<'unpin'> = async (db, devices, { package: name }, { now }) => {
  await bySome(devices, some =>
    db.deleteFrom('device_pin').where('device', 'in', some).where('package', '=', name).execute(),
  )
  await catchUp(db, devices, now)
}

/** What failed on them for good they try once more, as soon as it is ordered: each order says since when. */
const retry: Doing<'retry'> = async (db, devices, _, { now }) => {
  await bySome(devices, some =>
    db.updateTable('device').set({ tries_again: now }).where('id', 'in', some).execute(),
  )
}

/** Their keys are refused from now on; what they did stays in the audit log, and in their timelines. */
const decommission: Doing<'decommission'> = async (db, devices, _, { by, now }) => {
  await bySome(devices, async some => {
    const gone = { gone_at: now, held_at: null, silent_since: null, order_due: 0 }
    await db.updateTable('device').set(gone).where('id', 'in', some).execute()
    await db.deleteFrom('device_pin').where('device', 'in', some).execute()
    await endDeviceSessions(db, some)
  })
  const from = ['waiting', 'ordered', 'away', 'silent', 'recalled'] as const
  await passOver(db, devices, { from, to: 'passed over' }, now)
  for (const device of devices) {
    const message = `is decommissioned by ${by}`
    await noteOnDevice(db, device, { at: now, message, code: 'device/decommissioned' })
  }
}

const doings: { readonly [Act in DeviceAct['act']]: Doing<Act> } = {
  label,
  note,
  hold,
  unhold,
  pin,
  unpin,
  retry,
  decommission,
}
