import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parsePackageName } from '@steadfleet/domain'
import { findCgroupHomes } from '../../apps/cgroup-homes.ts'
import { joiningFiles, leaveCgroupHomes, makeCgroup, removeCgroup } from '../../apps/cgroups.ts'
import { Bench, isRoot, until } from '../../apps/testing/bench.test.ts'
import type { Attempt } from '../attempt.ts'
import { attempts } from '../table.ts'
import { compile, plantPrograms } from './programs.test.ts'

/** What came of an attempt: in a sandbox as a hook, in one as an app, and without a sandbox. */
export interface Verdict {
  readonly name: string
  readonly opened: readonly string[]
  readonly asHook: string
  readonly asApp: string
  readonly unconfined: string
}

/**
 * A device of its own, where everything that an attempt wants to reach is there: files, keys, sockets,
 * services, a process that holds secrets. Root has namespaces made for it before this begins.
 */
class Stage implements AsyncDisposable {
  readonly #bench: Bench
  readonly #host: string
  readonly #stack: AsyncDisposableStack

  private constructor(bench: Bench, stack: AsyncDisposableStack) {
    this.#bench = bench
    this.#host = join(bench.stateDir, 'host')
    this.#stack = stack
  }

  static async open(): Promise<Stage> {
    const stack = new AsyncDisposableStack()
    const bench = stack.use(await Bench.open())
    const stage = new Stage(bench, stack)
    for (const name of ['host', 'identity', 'say']) {
      mkdirSync(join(bench.stateDir, name), { mode: 0o755 })
    }
    plantPrograms(bench.tree)
    if (isRoot) stage.#setNetworkUp()
    const places = { ...stage.#writeSecrets(), ...(await stage.#openServices()) }
    const inside = { ...places, ROOT: '', MINE: '/data', SETTINGS: '/settings.json' }
    const lines = Object.entries(inside).map(([name, value]) => `${name}=${value}\n`)
    writeFileSync(join(bench.tree, 'attempts', 'stage'), lines.join(''))
    return stage
  }

  /** Confined first: what gets through without a sandbox may change what the others would find. */
  async verdicts(opened: readonly string[]): Promise<Verdict[]> {
    const names = attempts.filter(one => `${one.opened}` === `${opened}`).map(one => one.name)
    const asHook = await this.#runHooks(names, opened)
    const asApp = await this.#runApp(names, opened)
    const unconfined = await this.#runUnconfined(names)
    const said = (lines: Map<string, string>, name: string) => lines.get(name) ?? 'nothing'
    return names.map(name => ({
      name,
      opened,
      asHook: said(asHook, name),
      asApp: said(asApp, name),
      unconfined: said(unconfined, name),
    }))
  }

  /** A hook's output is cut to its last hundred lines. */
  async #runHooks(names: string[], opened: readonly string[]): Promise<Map<string, string>> {
    const halves = [names.slice(0, 75), names.slice(75)].filter(half => half.length > 0)
    const said = []
    for (const half of halves) {
      said.push(
        await this.#bench.say(`/attempts/run ${half.join(' ')}`, {
          opened: opened.map(name => ({ interface: name })),
        }),
      )
    }
    return parse(said.join('\n'))
  }

  async #runApp(names: string[], opened: readonly string[]): Promise<Map<string, string>> {
    const command = ['attempts/run', ...names]
    const spec = this.#bench.spec(
      `app-${opened.join()}`,
      { command, daemon: 'oneshot' },
      { opened: opened.map(name => ({ interface: name })) },
    )
    await this.#bench.apps.start(spec)
    await until(() => this.#bench.exits.some(exit => exit.app === spec.app))
    return parse((await this.#bench.apps.log(spec.package, spec.app, 500)).join('\n'))
  }

  async #runUnconfined(names: string[]): Promise<Map<string, string>> {
    const { stateDir, tree } = this.#bench
    const mine = mkdtempSync(join(tmpdir(), 'steadfleet-escape-'))
    chmodSync(mine, 0o755)
    this.#stack.defer(() => rmSync(mine, { recursive: true }))
    const places = { ROOT: tree, MINE: mine, SETTINGS: `${stateDir}/settings.json` }
    const words = [...(isRoot ? ['--alone'] : []), ...names]
    const child = spawn(join(tree, 'attempts', 'run'), words, {
      env: { ...process.env, ...places },
      stdio: ['ignore', 'pipe', 'inherit', 3],
    })
    return parse(await textOf(child))
  }

  /** Files that an app must not see, each with a name by which the attempts know it. */
  #writeSecrets(): Record<string, string> {
    const { stateDir } = this.#bench
    const secrets = {
      HOST_SECRET: join(this.#host, 'secret'),
      DEVICE_KEY: join(stateDir, 'identity', 'device.key'),
      LINKABLE: join(this.#host, 'linkable'),
      SHM_SECRET: `/dev/shm/steadfleet-escape-${process.pid}`,
    }
    for (const path of Object.values(secrets)) writeFileSync(path, 'secret')
    this.#stack.defer(() => rmSync(secrets.SHM_SECRET))
    return { ...secrets, DEVICE: this.#makeDevice(), ...findDisk(), ...this.#makeCgroup() }
  }

  #makeDevice(): string {
    const path = join(this.#host, 'camera')
    if (isRoot) execFileSync('mknod', [path, 'c', '1', '5'])
    else writeFileSync(path, '')
    return path
  }

  /** Where there are no cgroups, a file stands in. */
  #makeCgroup(): Record<string, string> {
    const homes = findCgroupHomes(`escape-${process.pid}`)
    const home = homes.find(({ controllers }) => controllers.includes('pids'))
    const stand = join(this.#host, 'cgroup')
    if (home === undefined) {
      writeFileSync(stand, '')
      return { CGROUP: stand, CGROUP_LIMIT: stand }
    }
    const cgroup = makeCgroup([home], 'outside', {
      memoryBytes: 2 ** 30,
      processes: 100,
      openFiles: 100,
    })
    this.#stack.defer(async () => {
      await removeCgroup(cgroup)
      leaveCgroupHomes(homes)
    })
    return {
      CGROUP: joiningFiles(cgroup)[0] ?? stand,
      CGROUP_LIMIT: join(cgroup[0] ?? '', 'pids.max'),
    }
  }

  async #openServices(): Promise<Record<string, string>> {
    const { stateDir } = this.#bench
    const agentSocket = join(stateDir, 'say', 'owner.sock')
    await this.#listen(server => server.listen(agentSocket))
    if (isRoot) await this.#openDeviceSockets()
    const port = await this.#listen(server => server.listen(0, '127.0.0.1'))
    const port6 = await this.#listen(server => server.listen(0, '::1')).catch(() => port)
    const other = parsePackageName('acme/other')
    await this.#bench.say('echo secret >/data/note', { package: other })
    return {
      AGENT_SOCKET: agentSocket,
      OTHER_DATA: join(stateDir, 'data', 'acme.other', 'note'),
      PORT: `${port}`,
      PORT_6: `${port6}`,
      PORT_UDP: `${await this.#answerByUdp()}`,
      ...(await this.#startVictim()),
    }
  }

  /** In a /run of this process's own, but for what agents have there. */
  async #openDeviceSockets(): Promise<void> {
    const kept = join(this.#host, 'run')
    for (const path of [kept, '/run/steadfleet']) mkdirSync(path, { recursive: true })
    execFileSync('mount', ['--bind', '/run/steadfleet', kept])
    execFileSync('mount', ['-t', 'tmpfs', 'none', '/run'])
    for (const path of ['/run/steadfleet', '/run/dbus']) mkdirSync(path)
    execFileSync('mount', ['--move', kept, '/run/steadfleet'])
    this.#stack.defer(() => void execFileSync('umount', ['--recursive', '/run']))
    for (const path of ['/run/docker.sock', '/run/dbus/system_bus_socket']) {
      await this.#listen(server => server.listen(path))
    }
  }

  async #listen(begin: (server: Server) => Server): Promise<number> {
    const server = createServer(socket => socket.on('error', () => undefined).end())
    begin(server)
    await once(server, 'listening')
    this.#stack.defer(() => void server.close())
    const address = server.address()
    return typeof address === 'object' ? (address?.port ?? 0) : 0
  }

  async #answerByUdp(): Promise<number> {
    const socket: Socket = createSocket('udp4')
    socket.on('message', (_, from) => socket.send('yes', from.port, from.address))
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    this.#stack.defer(() => void socket.close())
    return socket.address().port
  }

  async #startVictim(): Promise<Record<string, string>> {
    const program = join(this.#host, 'victim')
    compile(['victim'], program)
    const [handout, abstract] = [join(this.#host, 'handout.sock'), `steadfleet-${process.pid}`]
    const [key, queue] = [`${0x5f000000 + process.pid}`, `/steadfleet-escape-${process.pid}`]
    const words = [handout, abstract, key, queue, join(this.#host, 'secret'), 'victim-argument']
    const victim = spawn(program, words, {
      cwd: '/',
      env: { VICTIM_PASSWORD: 'secret' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#stack.defer(async () => {
      victim.stdin.end()
      if (victim.exitCode === null) await once(victim, 'exit')
    })
    await once(victim.stdout, 'data')
    return {
      HANDOUT: handout,
      ABSTRACT: abstract,
      SHM_KEY: key,
      QUEUE: queue,
      VICTIM: `${victim.pid}`,
    }
  }

  /** The loopback device of this network is down until somebody sets it up. */
  #setNetworkUp(): void {
    execFileSync(join(this.#bench.tree, 'attempts', 'run'), ['make_device'])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A server waits for its connections: those of attempts are gone with them.
    await this.#stack.disposeAsync()
  }
}

/** A disk that may be opened here; where there is none, one that is named so at least. */
function findDisk(): Record<string, string> {
  const names = ['vda', 'sda', 'nvme0n1', 'mmcblk0', 'loop0', 'ram0', 'zram0'].map(
    name => `/dev/${name}`,
  )
  const disk = names.find(isDisk) ?? '/dev/vda'
  const number = existsSync(disk) ? statSync(disk).rdev : 0xfe00
  return { DISK: disk, DISK_MAJOR: `${number >> 8}`, DISK_MINOR: `${number & 0xff}` }
}

function isDisk(path: string): boolean {
  try {
    const disk = openSync(path, 'r')
    readSync(disk, Buffer.alloc(512))
    closeSync(disk)
    return true
  } catch {
    return false
  }
}

async function textOf(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', part => {
    text += part
  })
  await once(child, 'close')
  return text
}

function parse(text: string): Map<string, string> {
  const lines = text.split('\n').filter(line => line.startsWith('{'))
  return new Map(
    lines.map(line => JSON.parse(line)).map(({ attempt, said }) => [attempt, said] as const),
  )
}

/** Every set of interfaces that an attempt wants open. */
function openings(all: readonly Attempt[]): (readonly string[])[] {
  return [...new Map(all.map(({ opened }) => [`${opened}`, opened])).values()]
}

// Started by escape.test.ts, in namespaces of its own where it is root; says what came of it.
if (process.argv[2] === 'run') {
  await using stage = await Stage.open()
  const verdicts: Verdict[] = []
  for (const opened of openings(attempts)) verdicts.push(...(await stage.verdicts(opened)))
  console.log(JSON.stringify(verdicts))
}
