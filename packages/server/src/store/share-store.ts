import type { Db } from './schema.ts'

/** How much of a fleet runs the revision that a package's channel points at. */
export interface Share {
  readonly package: string
  readonly channel: string
  /** Null while the channel points nowhere. */
  readonly revision: number | null
  readonly devices: number
  readonly fresh: number
}

/** By what devices said they run; each package costs one count in an index. */
export async function sharesOf(db: Db, fleet: string): Promise<Share[]> {
  const followed = await db
    .selectFrom('fleet_package')
    .leftJoin('channel', join =>
      join
        .onRef('channel.package', '=', 'fleet_package.package')
        .onRef('channel.channel', '=', 'fleet_package.channel'),
    )
    .select(['fleet_package.package', 'fleet_package.channel', 'channel.revision'])
    .where('fleet', '=', fleet)
    .orderBy('fleet_package.package')
    .execute()
  const all = db.selectFrom('device').where('fleet', '=', fleet)
  const { devices } = await all
    .select(({ fn }) => fn.countAll<number>().as('devices'))
    .executeTakeFirstOrThrow()
  return Promise.all(
    followed.map(async ({ package: name, channel, revision }) => {
      const fresh = revision === null ? 0 : await countOn(db, fleet, name, revision)
      return { package: name, channel, revision, devices: Number(devices), fresh }
    }),
  )
}

async function countOn(db: Db, fleet: string, name: string, revision: number): Promise<number> {
  const { fresh } = await db
    .selectFrom('device_release')
    .innerJoin('device', 'device.id', 'device_release.device')
    .select(({ fn }) => fn.countAll<number>().as('fresh'))
    .where('device_release.package', '=', name)
    .where('device_release.revision', '=', revision)
    .where('device.fleet', '=', fleet)
    .executeTakeFirstOrThrow()
  return Number(fresh)
}

/** How it was, the oldest first: so many points at most. */
export async function shareHistory(db: Db, fleet: string, most: number) {
  const rows = await db
    .selectFrom('fleet_share')
    .select(['package', 'at', 'seconds', 'devices', 'fresh'])
    .where('fleet', '=', fleet)
    .orderBy('at', 'desc')
    .execute()
  const byPackage = Map.groupBy(rows, row => row.package)
  return new Map([...byPackage].map(([name, all]) => [name, all.slice(0, most).reverse()]))
}
