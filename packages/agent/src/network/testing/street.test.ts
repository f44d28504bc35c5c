import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '../../apps/host-programs.ts'
import { noSandbox } from '../../apps/testing/bench.test.ts'

/** Why no network can be made here, or false. */
export const noStreet: string | false = (() => {
  if (process.getuid?.() !== 0) return 'needs root'
  if (noSandbox) return noSandbox
  const missing = ['ip', 'nft', 'nsenter', 'unshare'].find(name => findProgram(name) === undefined)
  return missing === undefined ? false : `needs ${missing}`
})()

/** Whether this process is the one that {@link inStreet} began. */
export const isInStreet = process.env.STEADFLEET_STREET !== undefined

/**
 * A street of two houses: the device, in whose network the rest of this test file runs, and the neighbour, a
 * namespace at 203.0.113.9 and 2001:db8::9 behind it. Nothing of either reaches the machine's own network.
 */
const build = `set -e
echo 0 >/proc/sys/net/ipv4/ip_forward
echo 0 >/proc/sys/net/ipv6/conf/all/forwarding
ip link set lo up
ip netns add $STEADFLEET_STREET
ip link add wan type veth peer name eth0 netns $STEADFLEET_STREET
ip address add 192.0.2.1/24 dev wan
ip address add 2001:db8:1::1/64 dev wan nodad
ip link set wan up
nsenter --net=/run/netns/$STEADFLEET_STREET -- ip -batch - <<end
link set lo up
address add 192.0.2.2/24 dev eth0
address add 203.0.113.9/32 dev eth0
address add 203.0.113.10/32 dev eth0
address add 2001:db8:1::2/64 dev eth0 nodad
address add 2001:db8::9/128 dev eth0 nodad
link set eth0 up
end
ip route add 203.0.113.0/24 via 192.0.2.2
ip route add 2001:db8::/64 via 2001:db8:1::2
mount --bind "$1" /etc/resolv.conf
shift
exec "$@"`

/** Runs a test file again in a street of its own; its report, and how it ended. */
export async function inStreet(file: string): Promise<{ code: number; said: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-street-'))
  const resolv = join(folder, 'resolv.conf')
  writeFileSync(resolv, 'nameserver 203.0.113.10\n')
  const street = `sfstreet${process.pid}`
  const run = [process.execPath, '--test', '--test-reporter=spec', file]
  const words = ['--net', '--mount', '--propagation', 'slave', 'sh', '-c', build, 'street', resolv]
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const child = spawn('unshare', [...words, ...run], {
    env: { ...env, STEADFLEET_STREET: street },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const pieces: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => pieces.push(piece))
  }
  const [code] = await once(child, 'close')
  rmSync(folder, { recursive: true })
  return { code, said: pieces.join('') }
}

/** Runs a program of Node in the neighbour's house until the returned function is called. */
export async function atNeighbour(source: string): Promise<Neighbour> {
  const street = process.env.STEADFLEET_STREET ?? ''
  const words = [`--net=/run/netns/${street}`, '--', process.execPath, '-e', source]
  const child = spawn('nsenter', words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines: string[] = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    const parts = (rest + piece).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
  })
  const ended = once(child, 'exit').then(() => {
    throw new Error('the neighbour left at once')
  })
  await Promise.race([once(child.stdout, 'data'), ended])
  ended.catch(() => undefined)
  return {
    lines,
    end: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

export interface Neighbour {
  /** What it has said, line by line. */
  readonly lines: readonly string[]
  end(): Promise<void>
}

/** A command at the neighbour's, to its end; what it said. */
export function askNeighbour(...command: string[]): string {
  const street = process.env.STEADFLEET_STREET ?? ''
  return execFileSync('nsenter', [`--net=/run/netns/${street}`, '--', ...command], {
    encoding: 'utf8',
    timeout: 20_000,
  })
}

/** Takes the street away; what is left of it would be found by other tests. */
export function leaveStreet(): void {
  const street = process.env.STEADFLEET_STREET ?? ''
  execFileSync('ip', ['netns', 'delete', street])
}
