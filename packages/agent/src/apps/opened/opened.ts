import { existsSync, realpathSync, statSync } from 'node:fs'
import { type Bound, type Effect, effectOf, type SocketAccess } from '@steadfleet/confine'
import type { AppSpec } from '../apps.ts'
import { AppsError } from '../error.ts'
import { findProgram } from '../host-programs.ts'
import { type BusTools, prepareBus } from './bus-proxy.ts'
import type { DeviceFolders } from './device-folders.ts'
import { nodesOf } from './device-nodes.ts'
import type { Exchange } from './exchange.ts'
import { matching } from './patterns.ts'
import type { PowerRequests } from './power-requests.ts'

/** What this device has to open interfaces with. */
export interface Doors {
  /** Absent where the agent makes no device nodes: then those that its user may use are shown. */
  readonly devices?: DeviceFolders
  /** Where the device tells of its hardware. */
  readonly sysfs: string
  readonly exchange: Exchange
  readonly power: PowerRequests
  readonly bus: BusTools
}

/** What the interfaces of an app come to on this device, now. */
export interface Opened {
  readonly bound: readonly Bound[]
  readonly environment: Readonly<Record<string, string>>
  /** The folder that its /dev is made of. */
  readonly devices?: string
  /** Groups of the device by which the app may use sockets that are shown to it. */
  readonly groups: readonly number[]
  /** What stands before the sandbox's command, and the descriptor that it keeps open for that. */
  readonly prefix: readonly string[]
  readonly keptOpen?: number
}

/** For whom, and the folder of the run. */
interface For {
  readonly spec: AppSpec
  readonly uid: number | undefined
  readonly folder: string
}

const nothing: Opened = { bound: [], environment: {}, groups: [], prefix: [] }

/** Makes ready what an app's interfaces open; refuses what can't be opened together. */
export async function openDoors(doors: Doors, of: For): Promise<Opened> {
  if (of.spec.opened.length === 0) {
    await doors.devices?.forget(of.spec.package)
    return nothing
  }
  const effects = of.spec.opened.map(effectOf)
  refuseBothNetworks(effects)
  const sockets = effects.flatMap(effect => effect.sockets ?? []).flatMap(socketOf)
  const devices = await devicesFor(doors, of, effects)
  const bus = await busFor(doors, of, effects)
  const power = effects.some(effect => effect.asks === 'shutdown')
  return {
    bound: [
      ...filesOf(effects, of.uid),
      ...sockets.map(({ bound }) => bound),
      ...(await doors.exchange.open(of.spec)),
      ...devices.bound,
      ...bus.bound,
      ...(power ? [await doors.power.listen(of.spec.package, of.uid)] : []),
    ],
    environment: Object.assign({}, ...effects.map(effect => effect.environment ?? {})),
    groups: [...new Set(sockets.flatMap(({ groups }) => groups))].sort(),
    prefix: [...stillness(effects, of.uid), ...bus.prefix],
    ...(bus.keptOpen !== undefined && { keptOpen: bus.keptOpen }),
    ...(devices.folder !== undefined && { devices: devices.folder }),
  }
}

/** What an agent does for an app that is open already: its devices come and go, its asks are heard. */
export async function attendDoors(
  doors: Doors,
  { package: name, opened }: AppSpec,
  uid: number | undefined,
): Promise<void> {
  const effects = opened.map(effectOf)
  const patterns = effects.flatMap(effect => effect.devices ?? [])
  if (patterns.length > 0 && uid !== undefined) await doors.devices?.keep(name, patterns, uid)
  if (effects.some(effect => effect.asks)) await doors.power.listen(name, uid)
}

/** In the device's own network nothing would hold the app to what it declares of a network. */
function refuseBothNetworks(effects: readonly Effect[]): void {
  if (!effects.some(effect => effect.network) || !effects.some(effect => effect.hostNetwork)) return
  const message = 'cannot open the device’s own network and a firewalled one to one package'
  throw new AppsError('apps/no-sandbox', message)
}

/**
 * What is mounted later into a folder that an app sees would be shown as it is mounted, to be written and with
 * its device nodes, also where the app may only read. So there nothing is shown that was not there at the start.
 */
function stillness(effects: readonly Effect[], uid: number | undefined): readonly string[] {
  const isReading = effects.some(({ files = [] }) => files.some(({ access }) => access === 'read'))
  const unshare = isReading && uid !== undefined ? findProgram('unshare') : undefined
  return unshare === undefined ? [] : [unshare, '--mount', '--propagation', 'private', '--']
}

async function devicesFor(
  { devices, sysfs }: Doors,
  { spec, uid }: For,
  effects: readonly Effect[],
): Promise<{ folder?: string; bound: Bound[] }> {
  const patterns = effects.flatMap(effect => effect.devices ?? [])
  if (patterns.length === 0) {
    await devices?.forget(spec.package)
    return { bound: [] }
  }
  if (devices && uid !== undefined) {
    return { folder: await devices.keep(spec.package, patterns, uid), bound: [] }
  }
  const bound = [...nodesOf(patterns, sysfs).values()]
    .filter(({ mode }) => (mode & 0o077) === 0)
    .map(({ name }) => ({ from: `/dev/${name}`, at: `/dev/${name}`, access: 'device' as const }))
  return { bound }
}

async function busFor(
  { bus }: Doors,
  { folder, uid }: For,
  effects: readonly Effect[],
): Promise<{ bound: Bound[]; prefix: readonly string[]; keptOpen?: number }> {
  const access = effects.find(effect => effect.bus)?.bus
  if (access === undefined) return { bound: [], prefix: [] }
  const { prefix, socket, keptOpen } = await prepareBus(bus, folder, access, uid)
  return { bound: [{ from: socket, at: '/run/steadfleet/bus', access: 'read' }], prefix, keptOpen }
}

/**
 * What is not there is not shown. Nor are the processes of the device to an app that runs as the agent's own
 * user: whoever has the user of a process gets from its folder to all the files that it sees. proc(5)
 */
function filesOf(effects: readonly Effect[], uid: number | undefined): Bound[] {
  return effects
    .flatMap(effect => effect.files ?? [])
    .filter(({ path }) => existsSync(path) && (path !== '/proc' || uid !== undefined))
    .map(({ path, at, access }) => ({ from: realpathSync(path), at: at ?? path, access }))
}

function socketOf({ patterns, at }: SocketAccess): { bound: Bound; groups: number[] }[] {
  const path = patterns.flatMap(matching)[0]
  if (path === undefined) return []
  const { gid, mode } = statSync(path)
  const groups = (mode & 0o020) !== 0 && gid !== 0 ? [gid] : []
  return [{ bound: { from: realpathSync(path), at, access: 'read' }, groups }]
}
