import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A machine with a network of its own. */
export class Host {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #next = 0

  constructor() {
    const path = join(import.meta.dirname, 'host.ts')
    this.#child = spawn('unshare', ['--net', process.execPath, path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.pid = this.#child.pid ?? 0
    this.#child.once('exit', code => {
      const error = `the machine ended with ${code}`
      for (const [id, tell] of this.#waiting) tell({ id, error })
    })
    const lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })
    lines.on('line', line => {
      const reply = JSON.parse(line) as Reply
      this.#waiting.get(reply.id)?.(reply)
      this.#waiting.delete(reply.id)
    })
  }

  do<T = unknown>(deed: string, order: object = {}): Promise<T> {
    const id = this.#next++
    this.#child.stdin?.write(`${JSON.stringify({ id, deed, ...order })}\n`)
    return new Promise((resolve, reject) =>
      this.#waiting.set(id, ({ value, error }) =>
        error === undefined ? resolve(value as T) : reject(new Error(error)),
      ),
    )
  }

  run(line: string, input?: string): Promise<string> {
    return this.do('run', { words: line.split(' '), input })
  }

  reach(host: string, port: number, protocol: 'tcp' | 'udp' = 'tcp', more = {}): Promise<boolean> {
    return this.do('reach', { host, port, protocol, ...more })
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const ended = new Promise(resolve => this.#child.once('exit', resolve))
    this.#child.stdin?.end()
    await ended
  }
}

interface Reply {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}

/** Why there can be no laboratory on this machine; false where there can. */
export const whyNoLab: string | false = (() => {
  const { status } = spawnSync('unshare', [
    '--net',
    'sh',
    '-c',
    'ip link add probe0 type bridge && nft list ruleset && test -e /proc/sys/net/bridge',
  ])
  return status === 0
    ? false
    : 'no network namespaces, nft or br_netfilter are to be had on this machine'
})()

export const internetAddress = '198.51.100.10'
export const otherAddress = '198.51.100.20'
export const internetAddress6 = '2001:db8:51::10'
const mac = (number: number) => `02:00:00:00:00:${number.toString(16).padStart(2, '0')}`

/** A router with a bridge, devices on it, and the Internet behind it. */
export class Lab {
  readonly folder = mkdtempSync(join(tmpdir(), 'steadfleet-gateway-'))
  readonly router = new Host()
  readonly internet = new Host()
  readonly devices: readonly Host[]
  readonly events: { event: string; text: string; [member: string]: unknown }[] = []
  #gateway: ChildProcess | undefined

  constructor(devices: number) {
    this.devices = Array.from({ length: devices }, () => new Host())
  }

  static readonly mac = mac
  /** The address of device 0, 1 … */
  static address(number: number): string {
    return `192.168.77.${10 + number}`
  }

  static address6(number: number): string {
    return `fd00:77::${10 + number}`
  }

  async open(): Promise<void> {
    const { router, internet, devices } = this
    await router.run('ip link set lo up')
    await router.run('ip link add br-lan type bridge')
    await router.run('ip link set br-lan up')
    await router.run('ip address add 192.168.77.1/24 dev br-lan')
    await router.run(`ip link add wan type veth peer name eth0 netns ${internet.pid}`)
    await router.run('ip address add 198.51.100.1/24 dev wan')
    await router.run('ip link set wan up')
    await router.run('sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1')
    await router.run('ip address add fd00:77::1/64 dev br-lan nodad')
    await router.run('ip address add 2001:db8:51::1/64 dev wan nodad')
    await up(internet, [internetAddress, otherAddress], '198.51.100.1')
    await up6(internet, internetAddress6, '2001:db8:51::1')
    for (const [i, device] of devices.entries()) {
      await router.run(
        `ip link add lan${i} type veth peer name eth0 address ${mac(i + 1)} netns ${device.pid}`,
      )
      await router.run(`ip link set lan${i} master br-lan up`)
      await up(device, [Lab.address(i)], '192.168.77.1')
      await up6(device, Lab.address6(i), 'fd00:77::1')
    }
  }

  write(name: string, content: unknown): string {
    const path = join(this.folder, name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }

  /** Starts the gateway and waits until it enforces. */
  async enforce(config: object): Promise<void> {
    this.write('gateway.json', {
      lan: 'br-lan',
      resolver: { upstream: [`${internetAddress}:53`], listen: ['192.168.77.1:53'] },
      ...config,
    })
    await this.start()
  }

  async start(): Promise<void> {
    const from = this.events.length
    const main = join(import.meta.dirname, '../main.ts')
    const words = [
      '--config',
      join(this.folder, 'gateway.json'),
      '--state',
      join(this.folder, 'state'),
    ]
    const child = spawn(
      'nsenter',
      [`--net=/proc/${this.router.pid}/ns/net`, process.execPath, main, ...words],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    this.#gateway = child
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    lines.on('line', line => this.events.push(JSON.parse(line)))
    await this.told(({ event }) => event === 'ready', from)
  }

  /** The first event that is meant, among all, or among those since `from`. */
  async told(
    isMeant: (event: Lab['events'][number]) => boolean,
    from = 0,
  ): Promise<Lab['events'][number]> {
    for (let i = 0; i < 600; i += 1) {
      const found = this.events.slice(from).find(isMeant)
      if (found) return found
      await new Promise(resolve => setTimeout(resolve, 25))
    }
    throw new Error(`was not told: ${JSON.stringify(this.events.slice(-20))}`)
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#gateway
    this.#gateway = undefined
    if (!child) return
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill(signal)
    await ended
  }

  async close(): Promise<void> {
    await this.stop()
    await Promise.all([this.router, this.internet, ...this.devices].map(one => one.end()))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

async function up(host: Host, addresses: readonly string[], router: string): Promise<void> {
  await host.run('ip link set lo up')
  for (const one of addresses) await host.run(`ip address add ${one}/24 dev eth0`)
  await host.run('ip link set eth0 up')
  await host.run(`ip route add default via ${router}`)
}

async function up6(host: Host, address: string, router: string): Promise<void> {
  await host.run(`ip address add ${address}/64 dev eth0 nodad`)
  await host.run(`ip -6 route add default via ${router}`)
}
