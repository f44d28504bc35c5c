import { toTimestamp } from '@steadfleet/domain'
import type { House } from '../house.ts'
import { checkReleases } from './check-release.ts'

/**
 * Notes every release of the catalogue that the database lacks: a crash may have come between the
 * timestamp, which makes a publication true, and the database, which only finds it again.
 */
export async function noteAllReleases({
  catalogue,
  content,
  store,
  world,
}: Pick<House, 'catalogue' | 'content' | 'store' | 'world'>): Promise<void> {
  const rows = await store.db
    .selectFrom('release')
    .select(['package', 'revision', 'architecture'])
    .execute()
  const held = new Set(rows.map(row => `${row.package}/${row.revision}/${row.architecture}`))
  for (const { bytes, signed } of catalogue.inForce().roles.values()) {
    const added = [...signed.targets.keys()].filter(
      path => !held.has(path) && !path.endsWith('/all'),
    )
    if (added.length === 0) continue
    const releases = await checkReleases(content.objects, { bytes, added, version: signed.version })
    await store.write('noteReleases', { releases, now: toTimestamp(world.now()) })
  }
}
