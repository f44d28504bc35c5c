import type { DeviceClaim, DeviceId, RolloutState } from '@steadfleet/domain'
import { ServerError } from '../error.ts'
import { nameOfModel } from '../model.ts'
import { fleetNamed, packagesOf } from '../store/fleet-store.ts'
import { releasesAt } from '../store/release-store.ts'
import { settledRevision, underWay, unfinishedRollouts } from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'
import { endDeviceSessions } from './device-session.ts'
import { assign, markDue } from './due.ts'
import { catchUp } from './pass-over.ts'
import { refreshSearch } from './refresh-search.ts'
import { joinRollout } from './rollout.ts'

export interface NewToken {
  readonly hash: string
  readonly fleet: string
  readonly expiresAt: string
}

export async function createEnrolmentToken(
  db: Db,
  { hash, fleet, expiresAt }: NewToken,
): Promise<void> {
  await db
    .insertInto('enrolment_token')
    .values({ hash, fleet, expires_at: expiresAt, used_by: null })
    .execute()
}

export interface Enrolment {
  readonly hash: string
  readonly device: DeviceId
  readonly claim: DeviceClaim
  readonly now: string
}

/**
 * Lets a device join with a one-time token. Unknown, used and expired are one refusal, found by one
 * look-up. The device that used it may ask again: its first reply may have been lost.
 */
export async function enrolDevice(db: Db, enrolment: Enrolment): Promise<{ fleet: string }> {
  const { hash, device, now } = enrolment
  const token = await db
    .updateTable('enrolment_token')
    .set({ used_by: device })
    .where('hash', '=', hash)
    .where('expires_at', '>', now)
    .where(eb => eb.or([eb('used_by', 'is', null), eb('used_by', '=', device)]))
    .returning('fleet')
    .executeTakeFirst()
  if (!token) {
    const message = 'cannot enrol: the token is unknown, used or expired'
    throw new ServerError('enrolment/refused', message)
  }
  // A new device begins with what the fleet has settled on, and takes part in what is under way.
  if (await keepDevice(db, enrolment, token.fleet)) {
    await assignFirst(db, token.fleet, enrolment)
    // One that was decommissioned has its place in what is under way.
    await catchUp(db, [device], now)
  }
  return token
}

/** True where the device is new to the fleet. */
async function keepDevice(
  db: Db,
  { device, claim, now }: Enrolment,
  fleet: string,
): Promise<boolean> {
  const { name, architecture } = claim
  const model = claim.model || nameOfModel((await fleetNamed(db, fleet)).model)
  const held = await db
    .selectFrom('device')
    .select(['fleet', 'gone_at'])
    .where('id', '=', device)
    .executeTakeFirst()
  if (held) {
    await db
      .updateTable('device')
      .set({ name, model, architecture, fleet, gone_at: null, seen_at: now })
      .where('id', '=', device)
      .execute()
    if (held.fleet !== fleet) {
      await db.deleteFrom('device_setting').where('device', '=', device).execute()
    }
    await endDeviceSessions(db, [device])
    await refreshSearch(db, [device])
    await markDue(db, [device])
    return held.fleet !== fleet || held.gone_at !== null
  }
  await db
    .insertInto('device')
    .values({
      id: device,
      name,
      fleet,
      model,
      architecture,
      public_key: claim.publicKey,
      enrolled_at: now,
      seen_at: now,
    })
    .execute()
  await refreshSearch(db, [device])
  return true
}

/** A device that does not say what it is, is what its fleet is made of: `acme/box/1/all` is `acme/box`. */
async function assignFirst(db: Db, fleet: string, enrolment: Enrolment): Promise<void> {
  const { device, claim, now } = enrolment
  await markDue(db, [device])
  for (const { package: name } of await packagesOf(db, fleet)) {
    const settled = await settledRevision(db, fleet, name)
    const fits = await isFor(db, name, settled, claim.architecture)
    const from = fits && settled !== undefined ? settled : null
    if (from !== null) await assign(db, [device], { package: name, revision: from })
    await joinAll(db, fleet, name, { device, architecture: claim.architecture, from, now })
  }
}

interface Joining {
  readonly device: DeviceId
  readonly architecture: string
  readonly from: number | null
  readonly now: string
}

async function joinAll(
  db: Db,
  fleet: string,
  name: string,
  { architecture, ...late }: Joining,
): Promise<void> {
  for (const rollout of await unfinishedRollouts(db, fleet, name)) {
    // What has not begun is planned with the devices there are then.
    if (!underWay.includes(rollout.state as RolloutState)) continue
    if (!(await isFor(db, name, rollout.revision, architecture))) continue
    await joinRollout(db, rollout, late)
  }
}

async function isFor(
  db: Db,
  name: string,
  revision: number | undefined,
  architecture: string,
): Promise<boolean> {
  if (revision === undefined) return false
  const releases = await releasesAt(db, name, revision)
  return releases.some(({ record }) => record.architecture === architecture)
}
