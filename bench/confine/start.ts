import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { InterfaceRequest } from '@steadfleet/domain'
import { findFloor, leaveFloor } from '../../packages/agent/src/apps/floor.ts'
import { openNetworks } from '../../packages/agent/src/apps/open-networks.ts'
import { type Floor, prepareSandbox } from '../../packages/agent/src/apps/sandboxes.ts'
import { wayOf } from '../../packages/agent/src/apps/way.ts'
import { type Benchmark, type Figure, medianOf, round, spreadOf } from '../figure.ts'
import { Ground } from './ground.ts'

const rounds = 100
const say = (...words: readonly unknown[]) => console.error(...words)

/** `/usr/bin/true`, from spawn to exit: by itself, under plain bubblewrap, and as an app is started. */
export const confinedStart: Benchmark = {
  name: 'confined-start',
  what: 'a program that does nothing: bare, under plain bubblewrap, and as an app',
  async run() {
    using ground = await Ground.lay('/usr/bin/true')
    const { stateDir } = ground
    const isRoot = process.geteuid?.() === 0
    const bare = await findFloor({ stateDir, isRoot, withCgroups: false, warn: say, power: say })
    const floor: Floor = { ...bare, ...(await openNetworks(bare, { stateDir })) }
    try {
      return await measure(ground, floor)
    } finally {
      if (typeof floor.networks !== 'string') await floor.networks?.close(true)
      leaveFloor(floor)
    }
  },
}

/** By turns, so that all of them meet the same machine. */
async function measure(ground: Ground, floor: Floor): Promise<Figure[]> {
  const network = [{ interface: 'network', endpoints: 'anywhere' }]
  const ways = new Map([
    ['bare start', { command: ['/usr/bin/true'] }],
    ['plain bubblewrap, six namespaces', { command: plain(floor) }],
    ['confined start', await confined(ground, floor, 'plain', [])],
    ['confined start with network', await confined(ground, floor, 'networked', network)],
  ])
  const times = new Map([...ways.keys()].map(name => [name, [] as number[]]))
  for (let i = 0; i < rounds; i += 1) {
    for (const [name, way] of ways) times.get(name)?.push(await timeOf(way))
  }
  // What the agent does beforehand; the network stands by now, as it does when an app is begun again.
  for (const [name, opened] of [
    ['made ready by the agent', []],
    ['made ready by the agent, with network', network],
  ] as const) {
    const ready: number[] = []
    for (let i = 0; i < rounds; i += 1) {
      const began = performance.now()
      await confined(ground, floor, opened.length > 0 ? 'networked' : 'plain', opened)
      ready.push(performance.now() - began)
    }
    times.set(name, ready)
  }
  times.set('network of a package, made anew', await madeAnew(ground, floor, network))
  const median = (name: string) => medianOf(times.get(name) ?? [])
  const base = median('plain bubblewrap, six namespaces')
  return [
    ...[...times].map(([name, all]) => ({
      name,
      value: median(name),
      unit: 'ms',
      facts: spreadOf(all),
    })),
    ...['confined start', 'confined start with network'].map(name => ({
      name: `${name}, of plain bubblewrap`,
      value: round(median(name) / base),
      unit: 'times',
      facts: { runs: rounds },
    })),
  ]
}

const fresh = 20

/** The first start of each package: its namespace, link and firewall come with it. */
async function madeAnew(
  ground: Ground,
  floor: Floor,
  network: readonly InterfaceRequest[],
): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < fresh; i += 1) {
    const spec = ground.spec(`fresh${i}`, { command: ['usr/bin/true'] }, network)
    const began = performance.now()
    await wayOf(floor, spec)
    times.push(performance.now() - began)
  }
  return times
}

interface Way {
  readonly command: readonly string[]
  readonly filter?: string
}

/** What somebody would write by hand, and no filter. */
function plain({ bwrap, uids }: Floor): string[] {
  const names = ['ipc', 'pid', 'uts', 'cgroup-try', 'net', ...(uids ? [] : ['user'])]
  const namespaces = names.map(name => `--unshare-${name}`)
  return [
    ...[bwrap, ...namespaces, '--ro-bind', '/usr', '/usr'],
    ...['--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64'],
    ...['--proc', '/proc', '--dev', '/dev', '--die-with-parent', '--', '/usr/bin/true'],
  ]
}

/** The command that the agent would run for an app that is only `true`. */
async function confined(
  ground: Ground,
  floor: Floor,
  name: string,
  opened: readonly InterfaceRequest[],
): Promise<Way> {
  const command = ['usr/bin/true']
  const spec = ground.spec(name, { command }, opened)
  const folder = join(ground.stateDir, 'runs', name)
  const way = await wayOf(floor, spec)
  const whole = await prepareSandbox(floor, spec, { folder, command, way })
  return { command: whole, filter: join(folder, 'filter') }
}

async function timeOf({ command: [program = '', ...words], filter }: Way): Promise<number> {
  const file = filter === undefined ? undefined : openSync(filter, 'r')
  const began = performance.now()
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'inherit', file ?? 'ignore'] })
  const [code] = await once(child, 'exit')
  const time = performance.now() - began
  if (file !== undefined) closeSync(file)
  if (code !== 0) throw new RangeError(`cannot time ${program}: exit ${code}`)
  return time
}
