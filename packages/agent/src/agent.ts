import type { Server } from 'node:net'
import { join } from 'node:path'
import { type AppStatus, toTimestamp, usualCheckInSeconds } from '@steadfleet/domain'
import { Halted } from '@steadfleet/engine'
import { type Client, makeClient, type Transport, toLogLine } from '@steadfleet/protocol'
import type { ModelStatement, Order } from '@steadfleet/trust'
import type { AppExit, Apps } from './apps/index.ts'
import { DeviceHost } from './change/device-host.ts'
import { currentGeneration, followForever } from './change/follow-order.ts'
import { readGeneration } from './change/generations.ts'
import { JournalFile } from './change/journal-file.ts'
import { floorsOfGenerations, recover } from './change/recover.ts'
import { makeDirectories } from './disk/durable.ts'
import { type Lock, takeLock } from './disk/lock.ts'
import type { Paths } from './disk/paths.ts'
import { ChangeReporter } from './report/change-reporter.ts'
import { CrashReporter } from './report/crash-reporter.ts'
import { sendOutputForever } from './report/live-output.ts'
import { Outbox } from './report/outbox.ts'
import { RefusalReporter } from './report/refusals.ts'
import { makeReport } from './report/state-report.ts'
import { serveStatus } from './report/status-socket.ts'
import { checkInForever } from './server/check-in-loop.ts'
import { signingOf } from './server/enrol.ts'
import { streamForever } from './server/stream.ts'
import { Bell } from './server/wake.ts'
import { type FetchContext, fetchObject } from './store/fetch-tree.ts'
import { ObjectStore } from './store/objects.ts'
import { TreeStore } from './store/trees.ts'
import type { Enrolment } from './trust/enrolment.ts'
import { type Identity, readIdentity } from './trust/identity.ts'
import { type Resolved, resolveOrder } from './trust/resolve.ts'

/** The daemon of one device, over one state directory that it alone holds. */
export class Agent {
  readonly #options: AgentOptions
  readonly #parts: Parts
  readonly #halt = new AbortController()
  readonly #look = new Bell()
  readonly #tell = new Bell()
  readonly #ordered = new Bell()
  #status: Server | undefined
  #model: ModelStatement | undefined
  #watchedUntil = 0
  #loops: Promise<unknown> = Promise.resolve()

  private constructor(options: AgentOptions, parts: Parts) {
    this.#options = options
    this.#parts = parts
  }

  /** Takes the directory, finishes what the last life left, adopts the apps, and begins to work. */
  static async start(options: AgentOptions): Promise<Agent> {
    const parts = await openParts(options)
    const agent = new Agent(options, parts)
    parts.outbox.onAdd(() => agent.#tell.ring())
    const found = await recover(parts.stores, parts.journal, parts.trust.floors)
    await parts.apps.adopt(found.specs)
    agent.#status = await serveStatus(options.paths.socket, () => agent.status(), options.world)
    agent.#loops = agent.#work()
    return agent
  }

  /** Settles when the agent has stopped, with an error where something unforeseen stopped it. */
  get ended(): Promise<unknown> {
    return this.#loops
  }

  async #work(): Promise<void> {
    const loops = [this.#checkIn(), this.#stream(), this.#follow(), this.#sendOutput()]
    try {
      await Promise.race(loops)
    } catch (error) {
      if (!(error instanceof Halted)) throw error
    } finally {
      this.#halt.abort(new Halted())
      await Promise.allSettled(loops)
    }
  }

  /** Ends the agent and nothing else: apps run on, an open change is finished by the next start. */
  async stop(): Promise<void> {
    this.#halt.abort(new Halted())
    await this.#loops
    await this.close()
  }

  async close(): Promise<void> {
    const { apps, outbox, file, lock } = this.#parts
    this.#status?.close()
    await apps.close()
    await outbox.close()
    await file.close()
    lock.release()
  }

  async status(): Promise<StatusLine> {
    const { enrolment, trust, journal, apps } = this.#parts
    const current = await currentGeneration(this.#options.paths)
    const { state } = journal
    return {
      device: enrolment.device,
      name: enrolment.name,
      origin: enrolment.origin,
      log: trust.versions.policy > 0 ? toLogLine(trust.policy.log) : enrolment.log,
      counter: trust.counter,
      generation: current.number,
      state: state.change?.state ?? state.standing,
      packages: current.packages.map(one => `${one.package} ${one.revision}`),
      apps: [...apps.status()],
      at: toTimestamp(this.#options.world.now()),
    }
  }

  #checkIn(): Promise<never> {
    const { client, identity, trust, outbox, refusals } = this.#parts
    const { world } = this.#options
    const stop = this.#halt.signal
    const makeOwnReport = () => this.#report()
    const { now } = world
    const context = { client, identity, trust, outbox, makeReport: makeOwnReport, now, stop }
    return checkInForever({
      context,
      world,
      refusals,
      look: this.#look,
      tell: this.#tell,
      intervalSeconds: () => trust.order?.policy['check-in-seconds'] ?? usualCheckInSeconds,
      onOrder: () => this.#ordered.ring(),
    })
  }

  #stream(): Promise<never> {
    const { client } = this.#parts
    const { world } = this.#options
    return streamForever({
      client,
      world,
      stop: this.#halt.signal,
      onEvent: event => {
        if (event === 'output') this.#watchedUntil = world.monotonic() + 60_000
        this.#look.ring()
      },
    })
  }

  #follow(): Promise<never> {
    const { paths, world } = this.#options
    const { journal, host, refusals, trust } = this.#parts
    return followForever({
      paths,
      world,
      journal,
      host,
      refusals,
      ordered: this.#ordered,
      halt: this.#halt.signal,
      order: () => trust.order,
      resolve: order => this.#resolve(order),
    })
  }

  #sendOutput(): Promise<never> {
    const { client, apps } = this.#parts
    const { world } = this.#options
    const isWanted = () =>
      this.#model?.development === true || world.monotonic() < this.#watchedUntil
    return sendOutputForever({ client, apps, world, stop: this.#halt.signal, isWanted })
  }

  async #resolve(order: Order): Promise<Resolved> {
    const { client, trust, enrolment, fetching, stores } = this.#parts
    const now = this.#options.world.now()
    const content = async (
      digest: Resolved['wanted']['packages'][number]['record']['digest'],
      length: number,
    ) => {
      await fetchObject(fetching, { digest, length }, this.#halt.signal)
      return stores.objects.read(digest)
    }
    const resolved = await resolveOrder({ client, trust, enrolment, now, content }, order)
    this.#model = resolved.model
    return resolved
  }

  async #report() {
    const { identity, trust, journal, apps, outbox } = this.#parts
    return makeReport({
      device: identity.device,
      sequence: await outbox.nextReport(),
      now: trust.time(this.#options.world.now()),
      counter: trust.counter,
      state: journal.state,
      current: await currentGeneration(this.#options.paths),
      apps,
      attributes: this.#options.attributes,
    })
  }
}

/** What `agent.sock` says. */
export interface StatusLine {
  readonly device: string
  readonly name: string
  readonly origin: string
  readonly log: string
  readonly counter: number
  readonly generation: number
  readonly state: string
  readonly packages: readonly string[]
  readonly apps: readonly AppStatus[]
  readonly at: string
}

interface Parts {
  readonly lock: Lock
  readonly identity: Identity
  readonly enrolment: Enrolment
  readonly trust: TrustState
  readonly client: Client
  readonly outbox: Outbox
  readonly refusals: RefusalReporter
  readonly apps: Apps
  readonly file: JournalFile
  readonly journal: ChangeReporter
  readonly stores: {
    readonly paths: Paths
    readonly objects: ObjectStore
    readonly trees: TreeStore
  }
  readonly fetching: FetchContext
  readonly host: DeviceHost
}

async function openParts(options: AgentOptions): Promise<Parts> {
  const { paths, world, pid } = options
  const { identity, enrolment } = await readIdentity(paths)
  const lock = takeLock(paths, pid)
  try {
    await makeStateDirectories(paths)
    return await openUnderLock(options, lock, identity, enrolment)
  } catch (error) {
    lock.release()
    world.log({ level: 'error', message: String(error) })
    throw error
  }
}

async function makeStateDirectories(paths: Paths): Promise<void> {
  await makeDirectories([paths.journal, paths.outbox], 0o700)
  const open = [paths.objects, paths.incoming, paths.trees, paths.generations, paths.data]
  await makeDirectories(open, 0o755)
}

async function openUnderLock(
  options: AgentOptions,
  lock: Lock,
  identity: Identity,
  enrolment: Enrolment,
): Promise<Parts> {
  const { paths, world, transport } = options
  const { origin } = enrolment
  const client = makeClient({ origin, transport, signing: signingOf(identity) })
  const trust = await TrustState.open(paths, enrolment)
  const outbox = await Outbox.open(paths.outbox, world)
  const refusals = new RefusalReporter(event => outbox.add(event), world.monotonic)
  const objects = new ObjectStore(paths)
  const stores = { paths, objects, trees: new TreeStore(paths, objects) }
  const suspect = (error: unknown) => void refusals.report(world, error)
  const paced = { ...pace, monotonic: world.monotonic }
  const fetching = { client, paths, objects, pace: paced, suspect }
  const file = await JournalFile.open(paths.journal, world.now)
  await trust.raise(await floorsOfGenerations(paths, file))
  const apps = await options.openApps(paths.root)
  const host = new DeviceHost({ stores, apps, world, trust, fetching })
  const journal = new ChangeReporter(file, outbox, apps, number => readGeneration(paths, number))
  listenToExits(apps, journal, new CrashReporter(outbox, world))
  if (file.damage) await outbox.add(damageEvent(file.damage))
  if (trust.torn.length > 0) await outbox.add(tornEvent(trust.torn))
  const read = { identity, enrolment, trust, client, outbox, refusals }
  return { lock, ...read, apps, file, journal, stores, fetching, host }
}

function listenToExits(apps: Apps, journal: ChangeReporter, crashes: CrashReporter): void {
  apps.onExit((exit: AppExit) => {
    journal.lastExits.set(exit.package, exit)
    const { change } = journal.state
    const isOnTrial = change?.plan.steps.some(step => step.package === exit.package) ?? false
    // During a change an exit is part of what the probation judges and the failure tells.
    if (!isOnTrial) void crashes.report(exit)
  })
}

function damageEvent(damage: NonNullable<JournalFile['damage']>) {
  const message = `cannot read the journal from line ${damage.line} on: ${damage.lost} lines are lost`
  return { kind: 'agent' as const, code: 'engine/record', message }
}

function tornEvent(torn: TrustState['torn']) {
  const message = `cannot read ${torn.map(path => basename(path)).join(', ')}: torn`
  return { kind: 'agent' as const, code: 'trust/torn-state', message }
}
