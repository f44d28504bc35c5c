import { existsSync } from 'node:fs'
import { CliError } from '../error.ts'
import { run } from '../process/run.ts'
import { deviceNumbers, type Ground } from './ground.ts'

/** The port of the greenhouse where no setting says otherwise. */
const appPort = 8080

/** What the demo's network is called, and the third byte of its addresses: 10.213.RANGE.0/24. */
export interface NetworkName {
  readonly id: string
  readonly range: number
}

/** Each device in a network namespace of its own, all on one bridge, as machines on one switch. */
export function namespaceGround({ id, range }: NetworkName): Ground {
  const names: Names = {
    bridge: `sf${id}b`,
    port: number => `sf${id}v${number}`,
    space: number => `sf-${id}-${number}`,
    address: host => `10.213.${range}.${host}`,
  }
  return {
    about: `each device has a network namespace of its own, on bridge ${names.bridge}`,
    serverHost: names.address(1),
    place: number => ({
      // Not `ip netns exec`: that hides /sys/fs/cgroup under a /sys of its own.
      wrap: command => ['nsenter', `--net=/run/netns/${names.space(number)}`, '--', ...command],
      host: names.address(10 + number),
      port: appPort,
      settings: {},
    }),
    async open() {
      await refuseTaken(range, names.bridge)
      await openBridge(names)
      for (const number of deviceNumbers) await openSpace(names, number)
    },
    async close() {
      for (const number of deviceNumbers) await closeSpace(names, number)
      await closeLink(names.bridge)
    },
  }
}

/** A range of 10.213.0.0/16 that no route of this machine touches; the wish, if it is free. */
export async function freeRange(wish: number): Promise<number> {
  const taken = await run('ip', ['-4', 'route', 'show', 'table', 'all'])
  const ranges = Array.from({ length: 254 }, (_, i) => ((wish + i) % 254) + 1)
  const free = ranges.find(range => !taken.includes(`10.213.${range}.`))
  if (free !== undefined) return free
  throw new CliError('cli/network', 'cannot find a free range of addresses in 10.213.0.0/16')
}

/** Whether this machine lets us make network namespaces; a container may not. */
export async function canMakeNamespaces(id: string): Promise<boolean> {
  const probe = `sf-${id}-probe`
  try {
    await run('ip', ['netns', 'add', probe])
    await run('ip', ['link', 'add', `sf${id}p`, 'type', 'bridge'])
    await run('ip', ['link', 'delete', `sf${id}p`])
    await run('nsenter', [`--net=/run/netns/${probe}`, '--', 'true'])
    // This mounts a /sys of its own, which fails where the root is a plain chroot.
    await run('ip', ['-n', probe, 'link', 'set', 'lo', 'up'])
    return true
  } catch {
    return false // the answer; ports are the second way
  } finally {
    if (existsSync(`/run/netns/${probe}`)) await run('ip', ['netns', 'delete', probe])
  }
}

interface Names {
  readonly bridge: string
  port(number: number): string
  space(number: number): string
  address(host: number): string
}

/** Devices know their server by an address in this range, so another won't do. */
async function refuseTaken(range: number, bridge: string): Promise<void> {
  const routes = await run('ip', ['-4', 'route', 'show', 'table', 'all'])
  const other = routes
    .split('\n')
    .find(line => line.includes(`10.213.${range}.`) && !line.includes(` ${bridge} `))
  if (other === undefined) return
  const message = `cannot open the demo's network: 10.213.${range}.0/24 is in use (${other.trim()})`
  const hint = 'another demo runs on this machine; end it, or name another folder with --dir'
  throw new CliError('cli/network', message, { range, hint })
}

async function openBridge({ bridge, address }: Names): Promise<void> {
  if (hasLink(bridge)) return
  await run('ip', ['link', 'add', bridge, 'type', 'bridge'])
  await run('ip', ['address', 'add', `${address(1)}/24`, 'dev', bridge])
  await run('ip', ['link', 'set', bridge, 'up'])
}

async function openSpace(names: Names, number: number): Promise<void> {
  const space = names.space(number)
  if (hasSpace(space)) return
  await run('ip', ['netns', 'add', space])
  const [port, inside] = [names.port(number), ['-n', space]]
  await run('ip', ['link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space])
  await run('ip', ['link', 'set', port, 'master', names.bridge, 'up'])
  await run('ip', [...inside, 'address', 'add', `${names.address(10 + number)}/24`, 'dev', 'eth0'])
  await run('ip', [...inside, 'link', 'set', 'eth0', 'up'])
  await run('ip', [...inside, 'link', 'set', 'lo', 'up'])
}

/** The port goes first: a namespace is only unmade when the last process in it is gone. */
async function closeSpace(names: Names, number: number): Promise<void> {
  await closeLink(names.port(number))
  if (hasSpace(names.space(number))) await run('ip', ['netns', 'delete', names.space(number)])
}

async function closeLink(name: string): Promise<void> {
  if (hasLink(name)) await run('ip', ['link', 'delete', name])
}

function hasLink(name: string): boolean {
  return existsSync(`/sys/class/net/${name}`)
}

function hasSpace(name: string): boolean {
  return existsSync(`/run/netns/${name}`)
}
