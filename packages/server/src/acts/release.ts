import type { ReleaseRecord } from '@steadfleet/domain'
import type { Db } from '../store/schema.ts'

export interface NewRelease {
  readonly record: ReleaseRecord
  readonly digest: string
  readonly length: number
}

/** Notes releases that the catalogue holds. To note one twice changes nothing. */
export async function noteReleases(
  db: Db,
  { releases, now }: { releases: readonly NewRelease[]; now: string },
): Promise<void> {
  for (const { record, digest, length } of releases) {
    await db
      .insertInto('release')
      .values({
        package: record.package,
        revision: record.revision,
        architecture: record.architecture,
        record: JSON.stringify(record),
        record_digest: digest,
        record_length: length,
        published_at: now,
      })
      .onConflict(conflict => conflict.doNothing())
      .execute()
  }
}
