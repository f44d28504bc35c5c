import { join } from 'node:path'
import { toTimestamp } from '@steadfleet/domain'
import type { NewRelease } from '../acts/release.ts'
import type { House } from '../house.ts'
import { catalogueDigest, releaseLeaf } from '../log/leaf-sources.ts'
import type { Log } from '../log/log.ts'
import { checkReleases } from './check-release.ts'

/** Makes releases known to the fleet, which they are from the moment that the log holds them. */
export interface ReleaseNotes {
  /** Takes what was checked when it was published, so that it is not checked a second time. */
  expect(releases: readonly NewRelease[]): void
  /**
   * Notes every release of catalogue and log that the database lacks: it follows them, and a crash may
   * have come between.
   */
  noteAll(): Promise<void>
}

type Place = Pick<House, 'catalogue' | 'content' | 'store' | 'world' | 'folder'>

export function makeReleaseNotes(
  { catalogue, content, store, world, folder }: Place,
  log: () => Pick<Log, 'isPublished'>,
): ReleaseNotes {
  const expected = new Map<string, NewRelease>()

  async function noteRole(bytes: Uint8Array, version: number, paths: string[]): Promise<void> {
    const unchecked = paths.filter(path => !expected.has(path))
    const checked = await checkReleases(content.objects, { bytes, added: unchecked, version })
    const releases = [...paths.flatMap(path => expected.get(path) ?? []), ...checked]
    await store.write('noteReleases', { releases, now: toTimestamp(world.now()) })
    for (const path of paths) expected.delete(path)
  }

  return {
    expect(releases) {
      for (const release of releases) expected.set(pathOf(release.record), release)
    },
    async noteAll() {
      const first = await catalogueDigest(join(folder, 'catalogue'))
      const rows = await store.db
        .selectFrom('release')
        .select(['package', 'revision', 'architecture'])
        .execute()
      const held = new Set(rows.map(pathOf))
      for (const { bytes, signed } of catalogue.inForce().roles.values()) {
        const paths = [...signed.targets].flatMap(([path, target]) => {
          if (held.has(path) || path.endsWith('/all')) return []
          const leaf = releaseLeaf(first, path, target)
          return leaf === undefined || log().isPublished(leaf) ? [path] : []
        })
        if (paths.length > 0) await noteRole(bytes, signed.version, paths)
      }
    },
  }
}

function pathOf(release: { package: string; revision: number; architecture: string }): string {
  return `${release.package}/${release.revision}/${release.architecture}`
}
