import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'

/** Another host in the network of this machine: what only others can see of a device, it sees. */
export interface Neighbour extends Disposable {
  readonly address: string
  /** What is served to it at a port of this machine, or nothing. */
  ask(port: number, path?: string): Promise<string>
}

/** Why there can be no neighbour on this machine, if there can't. */
export function whyNoNeighbour(): string | false {
  if (process.geteuid?.() !== 0) return 'needs root, to make a network'
  const { status } = spawnSync('unshare', ['--net', 'sh', '-c', 'ip -V && nft -v'])
  return status !== 0 && 'no networks of our own are to be had on this machine'
}

/** A namespace with one link to this machine; nothing leads beyond it. Addresses: RFC 5737. */
export function openNeighbour(): Neighbour {
  const name = `sfn${process.pid}`
  const first = 4 * randomInt(64)
  const [ours, theirs] = [first + 1, first + 2].map(last => `203.0.113.${last}`) as [string, string]
  const commands = [
    `netns add ${name}`,
    `link add ${name} type veth peer name eth0 netns ${name}`,
    `address add ${ours}/30 dev ${name}`,
    `link set ${name} up`,
    `-n ${name} address add ${theirs}/30 dev eth0`,
    `-n ${name} link set eth0 up`,
  ]
  const close = () => void spawnSync('ip', ['netns', 'delete', name])
  process.once('exit', close)
  for (const command of commands) execFileSync('ip', command.split(' '))
  return {
    address: theirs,
    ask(port, path = '') {
      const get = `exec 3<>/dev/tcp/${ours}/${port} && printf 'GET /%s HTTP/1.0\\r\\n\\r\\n' "$0" >&3 && cat <&3`
      const words = ['netns', 'exec', name, 'timeout', '2', 'bash', '-c', get, path]
      return new Promise(resolve => execFile('ip', words, (_, stdout) => resolve(stdout)))
    },
    [Symbol.dispose]() {
      process.removeListener('exit', close)
      close()
    },
  }
}
