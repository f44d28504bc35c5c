import { publisherOf } from '@steadfleet/authority'
import { isCoded } from '@steadfleet/base'
import { toTimestamp } from '@steadfleet/domain'
import { publisherFor, type Targets } from '@steadfleet/trust'
import type { NewRelease } from '../acts/release.ts'
import type { KeptObjects } from '../content/object-store.ts'
import type { House } from '../house.ts'
import { catalogueDigest, releaseLeaf } from '../log/leaf-sources.ts'
import type { Log } from '../log/log.ts'
import { bringRecords } from './bring.ts'
import type { Served } from './catalogues.ts'
import { checkReleases } from './check-release.ts'

/** Makes releases known to the fleet, which they are from the moment that the log holds them. */
export interface ReleaseNotes {
  /** Takes what was checked when it was published, so that it is not checked a second time. */
  expect(releases: readonly NewRelease[]): void
  /**
   * Notes every release of catalogues and log that the database lacks: it follows them, and a crash may
   * have come between. Of another party's catalogue those that the policy lets devices run.
   */
  noteAll(): Promise<void>
}

type NamedRole = readonly [role: string, signed: Targets]
type Place = Pick<House, 'catalogues' | 'content' | 'store' | 'world' | 'owner'>

export function makeReleaseNotes(
  { catalogues, content, store, world, owner }: Place,
  log: () => Pick<Log, 'isPublished'>,
): ReleaseNotes {
  const expected = new Map<string, NewRelease>()

  async function noteRole(served: Served, role: NamedRole, paths: string[]): Promise<void> {
    const unchecked = paths.filter(path => !expected.has(path))
    const checked = await whatIsHere(unchecked, some =>
      checkNoted(content.objects, served, role, some),
    )
    const releases = [...paths.flatMap(path => expected.get(path) ?? []), ...checked]
    const { name, isFirst } = served
    const catalogue = isFirst ? '' : name
    await store.write('noteReleases', { catalogue, releases, now: toTimestamp(world.now()) })
    for (const path of paths) expected.delete(path)
  }

  async function noteCatalogue(served: Served, held: ReadonlySet<string>): Promise<void> {
    const { folder, name, mirror } = served
    const inForce = served.inForce()
    if (inForce === undefined) return
    const first = await catalogueDigest(folder)
    const policy = owner.policy().signed
    const isForUs = (path: string): boolean =>
      !mirror || publisherFor(policy, name, path.split('/', 2).join('/')) !== undefined
    const isNew = (path: string): boolean => !held.has(path) && !path.endsWith('/all')
    for (const [role, { signed }] of inForce.roles) {
      const paths = [...signed.targets].flatMap(([path, target]) => {
        if (!isNew(path) || !isForUs(path)) return []
        const leaf = releaseLeaf(first, path, target)
        return leaf === undefined || log().isPublished(leaf) ? [path] : []
      })
      if (paths.length > 0) await noteRole(served, [role, signed], paths)
    }
  }

  return {
    expect(releases) {
      for (const release of releases) expected.set(pathOf(release.record), release)
    },
    async noteAll() {
      const rows = await store.db
        .selectFrom('release')
        .select(['package', 'revision', 'architecture'])
        .execute()
      const held = new Set(rows.map(pathOf))
      for (const served of catalogues.all()) await noteCatalogue(served, held)
    },
  }
}

async function checkNoted(
  objects: KeptObjects,
  { mirror, inForce }: Served,
  [role, { targets }]: NamedRole,
  added: readonly string[],
): Promise<readonly NewRelease[]> {
  if (mirror) return bringRecords(objects, mirror, targets, added)
  const { source = {} } = inForce()?.roles.get(publisherOf(role)) ?? {}
  return checkReleases(objects, { source, targets, added })
}

/** A store restored from an older backup lacks content: of those releases none, until it comes again. */
async function whatIsHere(
  paths: readonly string[],
  check: (paths: readonly string[]) => Promise<readonly NewRelease[]>,
): Promise<readonly NewRelease[]> {
  try {
    return await check(paths)
  } catch (error) {
    if (!isCoded(error, 'release/missing-object')) throw error
    if (paths.length === 1) return []
  }
  const found: NewRelease[] = []
  for (const path of paths) found.push(...(await whatIsHere([path], check)))
  return found
}

function pathOf(release: { package: string; revision: number; architecture: string }): string {
  return `${release.package}/${release.revision}/${release.architecture}`
}
