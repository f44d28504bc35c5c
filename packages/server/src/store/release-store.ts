import type { ReleaseRecord } from '@steadfleet/domain'
import type { Db } from './schema.ts'

export interface StoredRelease {
  readonly record: ReleaseRecord
  readonly digest: string
  readonly length: number
  readonly publishedAt: string
  /** Empty for the server's first catalogue. */
  readonly catalogue: string
}

/** Releases of one package or of all, newest first. */
export async function releasesOf(db: Db, name?: string): Promise<StoredRelease[]> {
  const rows = await db
    .selectFrom('release')
    .selectAll()
    .$if(name !== undefined, q => q.where('package', '=', name ?? ''))
    .orderBy('number', 'desc')
    .execute()
  return rows.map(toRelease)
}

/** One revision for every architecture it was published for. */
export async function releasesAt(db: Db, name: string, revision: number): Promise<StoredRelease[]> {
  const rows = await db
    .selectFrom('release')
    .selectAll()
    .where('package', '=', name)
    .where('revision', '=', revision)
    .orderBy('architecture')
    .execute()
  return rows.map(toRelease)
}

export interface ChannelRow {
  readonly package: string
  readonly channel: string
  readonly revision: number
  readonly moved_at: string
}

export function allChannels(db: Db): Promise<ChannelRow[]> {
  return db.selectFrom('channel').selectAll().orderBy('package').orderBy('channel').execute()
}

/** Where a channel points. */
export function channelNamed(
  db: Db,
  name: string,
  channel: string,
): Promise<ChannelRow | undefined> {
  return db
    .selectFrom('channel')
    .selectAll()
    .where('package', '=', name)
    .where('channel', '=', channel)
    .executeTakeFirst()
}

/** The highest revision below which a device that ran `name` may refuse to go. */
export async function floorAbove(db: Db, name: string, revision: number): Promise<number> {
  const rows = await db
    .selectFrom('release')
    .select('record')
    .where('package', '=', name)
    .where('revision', '>', revision)
    .execute()
  const floors = rows.map(({ record }) => (JSON.parse(record) as ReleaseRecord).floor ?? 0)
  return Math.max(0, ...floors)
}

function toRelease(row: {
  record: string
  record_digest: string
  record_length: number
  published_at: string
  catalogue: string
}): StoredRelease {
  return {
    record: JSON.parse(row.record),
    digest: row.record_digest,
    length: row.record_length,
    publishedAt: row.published_at,
    catalogue: row.catalogue,
  }
}
