import { readdirSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parsePackageName } from '@steadfleet/domain'
import type { AppSpec } from './apps.ts'
import type { Controller } from './cgroup-homes.ts'
import { AppsError } from './error.ts'
import { runHook } from './hook.ts'
import { lackingIn } from './requirements.ts'
import type { Floor } from './sandboxes.ts'

/** What is and is not enforced here, in words for a report's attributes. */
export function describeFloor(floor: Floor): Record<string, string> {
  const by = (name: Controller, otherwise: string) => {
    const home = floor.homes.find(({ controllers }) => controllers.includes(name))
    return home === undefined ? otherwise : `cgroup v${home.version}`
  }
  return {
    confinement: 'enforced',
    'confinement.user': floor.uids ? 'a uid of its own per package' : 'a user namespace per app',
    'confinement.filter': 'system calls by allowlist',
    'confinement.namespaces': describeNamespaces(),
    'confinement.network': describeNetwork(floor),
    'confinement.memory': by('memory', 'by process only (RLIMIT_DATA)'),
    'confinement.processes': by('pids', 'by user only (RLIMIT_NPROC)'),
    'confinement.cpu': by('cpu', 'not enforced'),
    'confinement.ending': describeEnding(floor),
    'confinement.devices': floor.doors.devices
      ? 'nodes of its own, that come and go'
      : 'those that the agent’s user may use, as they were at the start',
    'confinement.device-wall': by('devices', 'not used: cgroup v1 has it, and is not here'),
    'confinement.bus': floor.doors.bus.proxy
      ? 'by name, through xdg-dbus-proxy'
      : 'refused: no proxy',
    'confinement.landlock': describeLandlock(floor),
    'confinement.lacks': lackingIn(floor).join(' ') || 'nothing',
  }
}

function describeLandlock({ landlock }: Floor): string {
  if ('options' in landlock) return 'a second wall against device nodes'
  return `not used: ${landlock.lacks}`.slice(0, 200)
}

/** What of it an ordinary user can't have as root has it, in one line. */
export function describeWeaker(floor: Floor): string {
  const facts = describeFloor(floor)
  const names = ['user', 'network', 'memory', 'processes', 'cpu', 'devices'] as const
  return names.map(name => `${name}: ${facts[`confinement.${name}`]}`).join('; ')
}

/** The same where apps can't be confined, and so are not run. */
export function describeNoFloor(reason: AppsError): Record<string, string> {
  return { confinement: reason.message.slice(0, 200) }
}

/** The kernel's own list; a sandbox without one of those that it must have does not start. */
function describeNamespaces(): string {
  const wanted = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts']
  const there = readdirSync('/proc/self/ns')
  const lacking = wanted.filter(name => !there.includes(name))
  return lacking.length === 0 ? wanted.join(' ') : `the kernel lacks ${lacking.join(' ')}`
}

function describeNetwork({ networks }: Floor): string {
  if (networks === undefined) return "none, or by request the device's own"
  if (typeof networks !== 'string') return 'none, or by request a namespace behind a firewall'
  return `none, or by request the device's own: ${networks}`.slice(0, 200)
}

function describeEnding({ homes }: Floor): string {
  const versions = homes.filter(home => home.isForKilling).map(home => home.version)
  if (versions.includes(2)) return 'by cgroup.kill'
  return versions.includes(1) ? 'by cgroup freezer' : 'by process namespace'
}

/** Starts one sandbox and lets its launcher say who it is; refuses a floor that does not hold. */
export async function proveFloor(floor: Floor, folder: string): Promise<void> {
  const spec = await emptySpec(folder)
  const ask = floor.uids ? ['--dump', '--dump'] : ['--version']
  const command = [...floor.launcher.command, ...ask]
  const { leases: _, ...bare } = floor
  const { exit, output } = await runHook(bare, { spec, command, timeoutSeconds: 30, folder })
  await rm(folder, { recursive: true, force: true })
  const said = output.join('\n')
  const lacks = floor.uids ? rootFacts.filter(fact => !fact.test(said)) : []
  if (exit === 0 && lacks.length === 0) return
  const why = exit === 0 ? `the app keeps privileges (${lacks[0]?.source})` : (output.at(-1) ?? '')
  throw new AppsError('apps/no-sandbox', `cannot confine apps: ${why}`, { exit })
}

/** What setpriv --dump (twice, so that it tells of capabilities) must say inside a sandbox that root makes. */
const rootFacts = [
  /^uid: [1-9]\d*$/m,
  /^Supplementary groups: \[none\]$/m,
  /^no_new_privs: 1$/m,
  /^Effective capabilities: \[none\]$/m,
  /^Capability bounding set: \[none\]$/m,
]

/** An app of no package, to try the sandbox with. */
async function emptySpec(folder: string): Promise<AppSpec> {
  const tree = join(folder, 'tree')
  const settings = join(folder, 'settings.json')
  await mkdir(tree, { recursive: true, mode: 0o700 })
  await writeFile(settings, '{}')
  return {
    package: parsePackageName('steadfleet/probe'),
    app: 'probe',
    revision: 1,
    tree,
    data: join(folder, 'data'),
    settings,
    values: {},
    declaration: { command: ['true'] },
    opened: [],
    limits: {},
  }
}
