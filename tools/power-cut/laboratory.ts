import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { openApps } from '../../packages/agent/src/apps/index.ts'
import { currentGeneration } from '../../packages/agent/src/change/generations.ts'
import { dataPath, type Paths, pathsOf } from '../../packages/agent/src/disk/paths.ts'
import { joinFleet } from '../../packages/agent/src/server/enrol.ts'
import { makeTransport } from '../../packages/agent/src/server/http.ts'
import { agentName } from '../../packages/agent/src/testing/launched-agent.test.ts'
import {
  type FleetMoment,
  PretendFleet,
} from '../../packages/agent/src/testing/pretend-fleet.test.ts'
import { parseToken } from '../../packages/agent/src/trust/enrolment.ts'
import { attachLoop, detachLoop, makeFolder, makeImage, mountImage, unmount } from './disks.ts'
import type { FileModel } from './file-model.ts'
import { endTools } from './host-shell.ts'
import { earliest, old } from './journeys.ts'
import { layFiles } from './lay-files.ts'
import { furnish, lives } from './lives.ts'
import { type Patience, untilSeen, usualPatience } from './patience.ts'
import type { Revisions } from './published.ts'
import { type Ports, publishAll, releasesOf, type Shelf } from './releases.ts'

/** A device and its fleet, brought to where every journey begins. */
export class Laboratory implements AsyncDisposable {
  readonly folder: string
  readonly mountPoint: string
  readonly paths: Paths
  readonly fleet: PretendFleet
  readonly ports: Ports
  readonly shelf: Shelf
  patience: Patience
  /** The disk of the device that runs {@link old}, cleanly unmounted, and what the fleet knew then. */
  image: Uint8Array = new Uint8Array()
  moment: FleetMoment
  /** The words that each package had in its data then. */
  readonly history: Record<string, readonly string[]> = {}

  private constructor({ folder, fleet, ports, shelf, patience }: Fittings) {
    this.folder = folder
    this.patience = patience
    this.mountPoint = join(folder, 'disk')
    this.paths = pathsOf(join(this.mountPoint, 'state'))
    this.fleet = fleet
    this.ports = ports
    this.shelf = shelf
    this.moment = fleet.moment
  }

  static async open(patience: Patience = usualPatience): Promise<Laboratory> {
    const fleet = await PretendFleet.start({ interfaces: ['network-listen'], agent: agentName })
    const [hub = 0, lamp = 0] = await freePorts(2)
    const ports = { 'acme/hub': hub, 'acme/lamp': lamp }
    const shelf = await publishAll(fleet, ports)
    const folder = makeFolder('power-cut')
    const laboratory = new Laboratory({ folder, fleet, ports, shelf, patience })
    await laboratory.#prepare()
    return laboratory
  }

  async #prepare(): Promise<void> {
    mkdirSync(this.mountPoint)
    this.image = await this.changed(makeImage(this.folder), () => this.#join())
    this.moment = this.fleet.moment
  }

  async #join(): Promise<void> {
    furnish(this.paths)
    const transport = makeTransport()
    await joinFleet(this.paths, transport, {
      token: parseToken(this.fleet.token),
      name: 'power cut',
      model: '',
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      seed: new Uint8Array(32).fill(42),
    })
    transport.close()
    const life = await lives.inside(this.paths)
    try {
      await untilSeen(this, 'the first report', () => this.fleet.reports[0])
      for (const revisions of [earliest, old]) await this.update(revisions)
      await this.#shootFilm()
      for (const name of Object.keys(old))
        this.history[name] = await life.ask(name, this.ports[name] ?? 0)
    } finally {
      await life.end()
    }
  }

  /** Data that take a moment to copy, and more room than a full disk has. */
  async #shootFilm(): Promise<void> {
    const { packages } = await currentGeneration(this.paths)
    const hub = packages.find(one => one.package === 'acme/hub')
    const film = join(dataPath(this.paths, 'acme/hub', hub?.data ?? 0), 'film')
    writeFileSync(film, Buffer.alloc(1024 * 1024, 7))
  }

  /** Orders these and waits until the device says that it runs them. */
  async update(revisions: Revisions): Promise<void> {
    await this.fleet.give(releasesOf(this.shelf, revisions))
    const wanted = Object.entries(revisions)
    await untilSeen(this, `committed at ${JSON.stringify(revisions)}`, () => {
      const { state, counter, releases = [] } = this.fleet.reports.at(-1) ?? {}
      const isDone = state === 'committed' && counter === this.fleet.counter
      const has = (name: string, revision: number) =>
        releases.some(one => one.package === name && one.revision === revision)
      return (isDone && wanted.every(([name, revision]) => has(name, revision))) || undefined
    })
  }

  /** Mounts `image` as the device's disk while it is used. */
  async onDisk<T>(image: Uint8Array, use: () => Promise<T>): Promise<T> {
    writeFileSync(this.#file, image)
    const loop = await attachLoop(this.#file)
    try {
      await mountImage(loop, this.mountPoint)
      try {
        return await use()
      } finally {
        await unmount(this.mountPoint)
      }
    } finally {
      await detachLoop(loop)
    }
  }

  /** Lays these files out as the state directory while they are used, on no disk of their own. */
  async onFiles<T>(files: FileModel, use: () => Promise<T>): Promise<T> {
    await layFiles(files, this.paths.root)
    try {
      return await use()
    } finally {
      rmSync(this.paths.root, { recursive: true })
    }
  }

  /** The image as it is after it was used, cleanly unmounted. */
  async changed(image: Uint8Array, use: () => Promise<void>): Promise<Uint8Array> {
    await this.onDisk(image, use)
    return readFileSync(this.#file)
  }

  get #file(): string {
    return join(this.folder, 'image')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet.close()
    await giveBack(this.paths)
    endTools()
    rmSync(this.folder, { recursive: true })
  }
}

interface Fittings {
  readonly folder: string
  readonly fleet: PretendFleet
  readonly ports: Ports
  readonly shelf: Shelf
  readonly patience: Patience
}

/** The cgroups and uids that this device had of the machine. */
async function giveBack(paths: Paths): Promise<void> {
  mkdirSync(paths.root, { recursive: true })
  const apps = await openApps({ stateDir: paths.root })
  await apps.adopt([])
  await apps.close()
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address !== null && typeof address === 'object') ports.push(address.port)
  }
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}
