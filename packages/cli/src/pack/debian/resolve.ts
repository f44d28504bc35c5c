import { PackError } from '../error.ts'
import type { Archive } from './archive.ts'
import { type DebianPackage, isSatisfiedBy, type Relation } from './control.ts'

/** What is asked for: `name` at any version, or at exactly one. */
export interface Wanted {
  readonly name: string
  readonly version?: string
}

export interface Following {
  readonly follow: boolean
  /** Packages that are neither taken nor followed into. */
  readonly stopAt: ReadonlySet<string>
}

export function parseWanted(text: string): Wanted {
  const [name = '', version] = text.split('=')
  return version === undefined ? { name } : { name, version }
}

/**
 * The packages that are wanted and all that they depend on, sorted by name. What was wanted at a
 * version has it; of the rest the newest that satisfies its dependents is taken. Recommended
 * packages are not followed, and essential ones only where a dependency names them.
 */
export async function resolvePackages(
  archive: Archive,
  wanted: readonly Wanted[],
  following: Following,
): Promise<DebianPackage[]> {
  const chosen = new Map<string, DebianPackage>()
  const versions = await archive.versionsOf(wanted.map(({ name }) => name))
  for (const one of wanted) chosen.set(one.name, pickWanted(one, versions.get(one.name) ?? []))
  if (following.follow) await followAll(archive, chosen, following.stopAt)
  return [...chosen.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

function pickWanted(wanted: Wanted, versions: readonly DebianPackage[]): DebianPackage {
  const { name, version } = wanted
  const [newest] = versions
  if (!newest) {
    const message = `cannot find Debian package ${name}: no list of packages has it`
    throw new PackError('debian/unknown-package', message, { package: name })
  }
  const picked = version === undefined ? newest : versions.find(one => one.version === version)
  if (picked) return picked
  const had = versions.map(one => one.version)
  const message = `cannot get ${name} ${version}: versions to be had are ${had.join(', ')}`
  throw new PackError('debian/version-gone', message, { package: name, versions: had })
}

/** Level by level, so that each level costs one look into the index. */
async function followAll(
  archive: Archive,
  chosen: Map<string, DebianPackage>,
  stopAt: ReadonlySet<string>,
): Promise<void> {
  let level = [...chosen.values()]
  while (level.length > 0) {
    const groups = level.flatMap(one => one.depends.map(group => ({ group, by: one })))
    const open = groups.filter(({ group }) => !group.some(({ name }) => stopAt.has(name)))
    await archive.versionsOf(open.flatMap(({ group }) => group.map(({ name }) => name)))
    level = []
    for (const { group, by } of open) {
      if (isSatisfied(group, chosen)) continue
      const picked = await pickFor(archive, group, by, chosen)
      chosen.set(picked.name, picked)
      level.push(picked)
    }
  }
}

function isSatisfied(
  group: readonly Relation[],
  chosen: ReadonlyMap<string, DebianPackage>,
): boolean {
  return chosen.values().some(offered => group.some(wanted => isSatisfiedBy(wanted, offered)))
}

async function pickFor(
  archive: Archive,
  group: readonly Relation[],
  by: DebianPackage,
  chosen: ReadonlyMap<string, DebianPackage>,
): Promise<DebianPackage> {
  for (const wanted of group) {
    const offered = await candidatesFor(archive, wanted)
    const picked = offered.find(one => !chosen.has(one.name) && isSatisfiedBy(wanted, one))
    if (picked) return picked
  }
  const asked = group.map(toText).join(' or ')
  const message = `cannot satisfy ${by.name} ${by.version}: it depends on ${asked}`
  throw new PackError('debian/unsatisfied', message, { package: by.name, wanted: asked })
}

/** A real package of the name comes before those that provide it. */
async function candidatesFor(archive: Archive, { name }: Relation): Promise<DebianPackage[]> {
  const real = (await archive.versionsOf([name])).get(name)
  if (real) return [...real]
  const providers = [...new Set(await archive.providersOf(name))].sort()
  const versions = await archive.versionsOf(providers)
  return providers.flatMap(provider => versions.get(provider) ?? [])
}

function toText({ name, relation, version }: Relation): string {
  return version === undefined ? name : `${name} (${relation} ${version})`
}
