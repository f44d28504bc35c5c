import type { SettingDeclarations } from '@steadfleet/domain'
import { unknown } from '../error.ts'
import { type Affected, affectedBy } from '../orders/affected.ts'
import { channelNamed, releasesAt, releasesOf } from '../store/release-store.ts'
import type { Db } from '../store/schema.ts'
import { settingsAt, settingsOf } from '../store/setting-store.ts'

/** What a package lets be set, and by which revision of it. */
export interface Declared {
  readonly revision: number
  readonly settings: SettingDeclarations
}

interface InFleet {
  readonly fleet: string
  readonly package: string
}

/** What the newest revision that the fleet runs, is to run, or waits for, declares. */
export async function newestDeclared(db: Db, { fleet, package: name }: InFleet): Promise<Declared> {
  const revision = Math.max(0, ...(await revisionsIn(db, fleet, name)))
  const [release] = await releasesAt(db, name, revision)
  if (release) return { revision, settings: release.record.behaviour.settings ?? {} }
  const what = `package ${name} in fleet ${fleet}`
  throw unknown('setting/unknown-package', what, { fleet, package: name })
}

export async function channelOf(
  db: Db,
  { fleet, package: name }: InFleet,
): Promise<string | undefined> {
  const followed = await db
    .selectFrom('fleet_package')
    .select('channel')
    .where('fleet', '=', fleet)
    .where('package', '=', name)
    .executeTakeFirst()
  return followed?.channel
}

async function revisionsIn(db: Db, fleet: string, name: string): Promise<number[]> {
  const assigned = await db
    .selectFrom('device_package')
    .innerJoin('device', 'device.id', 'device_package.device')
    .select('device_package.revision')
    .distinct()
    .where('device.fleet', '=', fleet)
    .where('device_package.package', '=', name)
    .execute()
  const followed = await channelOf(db, { fleet, package: name })
  const held = followed === undefined ? undefined : await channelNamed(db, name, followed)
  // Followed before its channel points anywhere: values can be set before anything is ordered.
  const [newest] = followed !== undefined && !held ? await releasesOf(db, name) : []
  const awaited = held?.revision ?? newest?.record.revision
  return [...assigned.map(({ revision }) => revision), ...(awaited ? [awaited] : [])]
}

/** To whom a change is to be moved by its rollout, as the fleet is now. */
export async function whomToMove(
  db: Db,
  of: InFleet & { readonly now: string },
  change: number,
): Promise<Affected[]> {
  const { settings } = await newestDeclared(db, of)
  const { fleet, package: name } = of
  const own = (await settingsOf(db, fleet, name)).filter(({ scope }) => scope === 'device')
  const next = [...(await settingsAt(db, of, change)), ...own]
  const now = new Date(of.now)
  return affectedBy(db, { fleet, package: name, declared: settings, now }, next)
}
