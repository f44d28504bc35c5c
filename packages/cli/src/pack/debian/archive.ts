import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Architecture } from '@steadfleet/domain'
import { PackError } from '../error.ts'
import type { OnProgress } from '../progress.ts'
import { type Ran, run } from '../run.ts'
import { type DebianPackage, parseIndex } from './control.ts'
import { compareVersions } from './version.ts'

/** What may be asked of a Debian archive. */
export interface Archive {
  /** All versions of these packages, newest first; a name that is not there is not in the map. */
  versionsOf(names: readonly string[]): Promise<ReadonlyMap<string, readonly DebianPackage[]>>
  /** The names of real packages that provide a virtual one. */
  providersOf(name: string): Promise<readonly string[]>
  /** Downloads into `folder`, under names of apt's choosing. */
  download(packages: readonly DebianPackage[], folder: string): Promise<void>
  /** Fetches newer lists of packages, kept apart from the machine's own; false if it just did. */
  update(): Promise<boolean>
}

/**
 * The archive as apt of this machine knows it. It reads the machine's lists of packages until
 * `update`, and from then on lists of its own under `cache`, so that no right is needed.
 */
export function openArchive(
  cache: string,
  architecture: Architecture,
  onProgress: OnProgress,
): Archive {
  const known = new Map<string, readonly DebianPackage[]>()
  const forArchitecture = [
    `-oAPT::Architecture=${architecture}`,
    `-oAPT::Architectures=${architecture}`,
  ]
  const state = join(cache, 'apt', architecture)
  let options: readonly string[] = forArchitecture
  return {
    async versionsOf(names) {
      const asked = names.filter(name => !known.has(name))
      for (const [name, versions] of await readIndex(options, asked)) known.set(name, versions)
      return new Map(names.flatMap(name => pairOf(known, name)))
    },
    async providersOf(name) {
      const { stdout } = await runTool('apt-cache', [...options, 'showpkg', name])
      const [, listed = ''] = stdout.split('Reverse Provides:')
      return [...listed.matchAll(/^(\S+) /gm)].map(match => match[1] ?? '')
    },
    async download(packages, folder) {
      const wanted = packages.map(({ name, version }) => `${name}=${version}`)
      refuseFailure(await runTool('apt-get', [...options, 'download', ...wanted], folder), wanted)
    },
    async update() {
      if (options !== forArchitecture) return false
      onProgress({ step: 'update', what: 'lists of Debian packages' })
      const own = await ownState(state)
      refuseFailure(await runTool('apt-get', [...forArchitecture, ...own, 'update']), ['lists'])
      options = [...forArchitecture, ...own]
      known.clear()
      return true
    },
  }
}

async function readIndex(
  options: readonly string[],
  names: readonly string[],
): Promise<ReadonlyMap<string, readonly DebianPackage[]>> {
  if (names.length === 0) return new Map()
  // Its exit code says that one name of many was not found; what it prints says which were.
  const { stdout } = await runTool('apt-cache', [...options, 'show', '--all-versions', ...names])
  const newestFirst = parseIndex(stdout).sort((a, b) => compareVersions(b.version, a.version))
  const byName = Map.groupBy(newestFirst, ({ name }) => name)
  return new Map([...byName].map(([name, versions]) => [name, distinct(versions)]))
}

/** Two suites may hold the same version. */
function distinct(versions: readonly DebianPackage[]): DebianPackage[] {
  return [...new Map(versions.map(one => [one.version, one])).values()]
}

async function ownState(state: string): Promise<string[]> {
  await mkdir(join(state, 'lists', 'partial'), { recursive: true })
  await mkdir(join(state, 'cache', 'archives', 'partial'), { recursive: true })
  return [`-oDir::State::lists=${state}/lists`, `-oDir::Cache=${state}/cache`]
}

async function runTool(tool: string, args: readonly string[], folder?: string): Promise<Ran> {
  const ran = await run(tool, args, folder)
  if (ran.exit !== undefined) return ran
  const message = `cannot run ${tool}: Debian packages are packed on a machine that has apt`
  throw new PackError('debian/tool', message, { tool })
}

function refuseFailure({ exit, stderr }: Ran, wanted: readonly string[]): void {
  if (exit === 0) return
  const said = stderr.split('\n').filter(line => /^[EW]:/.test(line))
  const message = `cannot get ${wanted.slice(0, 5).join(', ')}: ${said[0] ?? `apt-get ends with ${exit}`}`
  throw new PackError('debian/unreachable', message, { said: said.slice(0, 10) })
}

function pairOf<V>(map: ReadonlyMap<string, V>, key: string): [string, V][] {
  const value = map.get(key)
  return value === undefined ? [] : [[key, value]]
}
