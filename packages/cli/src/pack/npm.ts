import { readFile } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import type { NpmComponent } from '@steadfleet/evidence'
import type { Found } from './source.ts'

/** The npm packages among what was found, and whether a path belongs to one of them. */
export interface NpmFindings {
  readonly components: readonly NpmComponent[]
  readonly packaged: (path: string) => boolean
  /** The source lies inside the one package that is listed. */
  readonly isInside: boolean
}

/** A lock file: `packages` by the folder each is in, since lockfileVersion 2 (npm 7). */
interface LockFile {
  readonly packages?: Readonly<Record<string, LockedPackage>>
}

interface LockedPackage {
  readonly name?: string
  readonly version?: string
  readonly integrity?: string
  readonly license?: string
  readonly link?: boolean
  readonly dev?: boolean
}

const lockNames =
  /(^|\/)(package-lock\.json|npm-shrinkwrap\.json|node_modules\/\.package-lock\.json)$/

/**
 * Reads the lock files of a source, and names the package that the source itself is a part of where
 * it lies inside a `node_modules`. A lock file is trusted to say what is in the folders it names.
 */
export async function findNpmComponents(
  place: string,
  found: readonly Found[],
): Promise<NpmFindings> {
  const enclosing = await enclosingPackage(place)
  if (enclosing) return { components: [enclosing], packaged: () => true, isInside: true }
  const paths = new Set(found.map(({ path }) => path))
  const locked: { folder: string; component: NpmComponent }[] = []
  for (const one of found) {
    if (one.kind !== 'file' || !lockNames.test(one.path)) continue
    const lock = await readJson<LockFile>(one.content)
    locked.push(...componentsOf(lock, rootOf(one.path), paths))
  }
  const folders = new Set(locked.map(({ folder }) => folder))
  return {
    components: locked.map(({ component }) => component),
    packaged: path => prefixesOf(path).some(prefix => folders.has(prefix)),
    isInside: false,
  }
}

function componentsOf(
  lock: LockFile,
  root: string,
  paths: ReadonlySet<string>,
): { folder: string; component: NpmComponent }[] {
  return Object.entries(lock.packages ?? {}).flatMap(([key, { name, version, link, ...rest }]) => {
    const folder = root + key
    const isHere = key.includes('node_modules/') && paths.has(folder)
    if (!isHere || link || version === undefined) return []
    const named = name ?? key.slice(key.lastIndexOf('node_modules/') + 'node_modules/'.length)
    return [{ folder, component: toComponent(named, version, rest) }]
  })
}

function toComponent(name: string, version: string, more: LockedPackage): NpmComponent {
  const { integrity, license } = more
  return {
    kind: 'npm',
    name,
    version,
    ...(typeof integrity === 'string' ? { integrity } : {}),
    ...(typeof license === 'string' ? { license } : {}),
  }
}

/** The package whose folder in a `node_modules` holds `place`. */
async function enclosingPackage(place: string): Promise<NpmComponent | undefined> {
  const parts = place.split(sep)
  const at = parts.lastIndexOf('node_modules')
  if (at < 0) return undefined
  const depth = parts[at + 1]?.startsWith('@') ? 3 : 2
  if (parts.length < at + depth) return undefined
  const folder = parts.slice(0, at + depth).join(sep)
  const lock = await readJson<LockFile>(join(dirname(nodeModulesOf(folder)), 'package-lock.json'))
  const own = await readJson<{ name?: string; version?: string; license?: string }>(
    join(folder, 'package.json'),
  )
  const name = parts.slice(at + 1, at + depth).join('/')
  const version = own.version
  const locked = lock.packages?.[`node_modules/${name}`]
  if (version === undefined) return undefined
  return toComponent(own.name ?? name, version, { ...locked, ...pickLicense(own) })
}

function nodeModulesOf(folder: string): string {
  return folder.slice(
    0,
    folder.lastIndexOf(`${sep}node_modules${sep}`) + `${sep}node_modules`.length,
  )
}

function pickLicense({ license }: { license?: string }): { license?: string } {
  return license === undefined ? {} : { license }
}

/** A file that is not there or not JSON tells nothing: an SBOM lists its files then, one by one. */
async function readJson<T extends object>(path: string): Promise<T | Record<string, never>> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return {}
  }
}

/** The folder that a lock file speaks of, with a closing slash; empty for the source itself. */
function rootOf(lockPath: string): string {
  return lockPath.replace(/(node_modules\/)?[^/]+$/, '')
}

function prefixesOf(path: string): string[] {
  const parts = path.split('/')
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'))
}
