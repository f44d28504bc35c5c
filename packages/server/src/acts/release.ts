import type { ReleaseRecord } from '@steadfleet/domain'
import type { Db } from '../store/schema.ts'

export interface NewRelease {
  readonly record: ReleaseRecord
  readonly digest: string
  readonly length: number
}

/**
 * Notes releases that a catalogue holds; the server's first one has no name here. To note one twice
 * changes nothing, and so a revision that one catalogue had first is never another's.
 */
export async function noteReleases(
  db: Db,
  noted: { catalogue: string; releases: readonly NewRelease[]; now: string },
): Promise<void> {
  const { catalogue, releases, now } = noted
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
        catalogue,
        published_at: now,
      })
      .onConflict(conflict => conflict.doNothing())
      .execute()
  }
}
