import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isCoded } from '@steadfleet/base'
import type { Source } from '@steadfleet/domain'
import {
  type BuildInput,
  type DebianComponent,
  debianUrl,
  type LockedDebian,
} from '@steadfleet/evidence'
import { isExcluded } from '../glob.ts'
import { wrongKind } from '../lock.ts'
import type { ObjectContent } from '../object-content.ts'
import type { Found, Gathered, RepeatSource, SourceContext } from '../source.ts'
import { mergedPath } from '../staging.ts'
import { ContentStore } from '../store.ts'
import type { Archive } from './archive.ts'
import type { DebianPackage } from './control.ts'
import { DebCache } from './deb-cache.ts'
import { parseWanted, resolvePackages } from './resolve.ts'
import { recall, remember, unpackDebian } from './unpack.ts'

export type DebianSource = Extract<Source, { debian: string[] }>

/** Debian packages with what they depend on, unpacked; their scripts are not run. */
export async function readDebian(source: DebianSource, context: SourceContext): Promise<Gathered> {
  const debs = new DebCache(join(context.cache, 'debian'))
  const locked = context.repeat && lockedDebian(context.repeat)
  const choose = () => (locked ? toPackages(locked) : resolve(source, context))
  const packages = await withFreshLists(context.archive, async () => {
    const chosen = await choose()
    await debs.fetch(chosen, context)
    return chosen
  })
  const store = new ContentStore(join(context.cache, 'content'))
  const found: Found[] = []
  for (const [i, one] of packages.entries()) {
    const { onProgress } = context
    onProgress({ step: 'unpack', what: nameOf(one), done: i, total: packages.length })
    found.push(...(await unpack(one, debs, store)))
  }
  const components = describe(packages, locked ?? (await ownDistribution()))
  return {
    found: found.filter(({ path }) => path !== '' && !isLeftOut(path, source.exclude ?? [])),
    components,
    inputs: components.map(toInput),
    locked: toLocked(source, packages, components),
    content: new Map(
      packages.map(one => [one.digest, { length: one.size, file: debs.pathOf(one) }] as const),
    ) satisfies ReadonlyMap<string, ObjectContent>,
  }
}

function resolve(
  source: DebianSource,
  { archive, onProgress }: SourceContext,
): Promise<DebianPackage[]> {
  onProgress({ step: 'resolve', what: source.debian.join(', ') })
  return resolvePackages(archive, source.debian.map(parseWanted), {
    follow: source.follow ?? true,
    stopAt: new Set(source['stop-at'] ?? []),
  })
}

function lockedDebian({ locked }: RepeatSource): LockedDebian {
  if ('debian' in locked) return locked
  throw wrongKind('list of Debian packages')
}

/** What a lock tells of packages is all that is needed of them but their dependencies. */
function toPackages({ packages }: LockedDebian): DebianPackage[] {
  return packages.map(({ 'source-version': sourceVersion, ...one }) => ({
    ...one,
    sourceVersion,
    depends: [],
    provides: [],
  }))
}

function toLocked(
  { debian }: DebianSource,
  packages: readonly DebianPackage[],
  components: readonly DebianComponent[],
): LockedDebian {
  const { vendor = 'debian', distribution = 'unknown' } = components[0] ?? {}
  return {
    debian,
    vendor,
    distribution,
    packages: packages.map(({ depends: _, provides: __, sourceVersion, ...one }) => ({
      ...one,
      'source-version': sourceVersion,
    })),
  }
}

/** What a stale list can be the reason of. */
const mendedByFreshLists = [
  'debian/unknown-package',
  'debian/version-gone',
  'debian/unsatisfied',
  'debian/unreachable',
]

/** A version leaves the archive when a newer one comes, and then the machine's lists are wrong. */
async function withFreshLists<T>(archive: Archive, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (fault) {
    const isMended = isCoded(fault) && mendedByFreshLists.includes(fault.code)
    if (!isMended || !(await updated(archive))) throw fault
    return await attempt()
  }
}

/** False when there is nothing newer to be had; the first fault is then the one to tell. */
async function updated(archive: Archive): Promise<boolean> {
  try {
    return await archive.update()
  } catch (fault) {
    if (isCoded(fault, 'debian/unreachable')) return false
    throw fault
  }
}

async function unpack(one: DebianPackage, debs: DebCache, store: ContentStore): Promise<Found[]> {
  const known = await recall(debs.folder, one.digest, store)
  if (known) return known
  const found = await unpackDebian(debs.pathOf(one), store)
  await remember(debs.folder, one.digest, found)
  return found
}

/** A pattern may name a path as the package has it or as the tree will. */
function isLeftOut(path: string, exclude: readonly string[]): boolean {
  return isExcluded(path, exclude) || isExcluded(mergedPath(path), exclude)
}

type Distribution = Pick<DebianComponent, 'vendor' | 'distribution'>

async function ownDistribution(): Promise<Distribution> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return {
    vendor: fieldOf(release, 'ID') ?? 'debian',
    distribution: fieldOf(release, 'VERSION_CODENAME') ?? 'unknown',
  }
}

function describe(
  packages: readonly DebianPackage[],
  { vendor, distribution }: Distribution,
): DebianComponent[] {
  return packages.map(({ depends: _, provides: __, size: ___, ...one }) => ({
    kind: 'debian',
    ...one,
    vendor,
    distribution,
  }))
}

/** os-release(5): shell assignments, values perhaps in quotes. */
function fieldOf(release: string, key: string): string | undefined {
  return new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(release)?.[1]
}

function toInput(component: DebianComponent): BuildInput {
  const { name, version, digest } = component
  return { name: `${name}=${version}`, uri: debianUrl(component), digest }
}

function nameOf({ name, version }: DebianPackage): string {
  return `${name} ${version}`
}
