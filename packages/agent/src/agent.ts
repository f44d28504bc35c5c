import type { Server as HttpServer } from 'node:http'
import type { Server } from 'node:net'
import { type PackageName, usualCheckInSeconds } from '@steadfleet/domain'
import { Halted, packageOf } from '@steadfleet/engine'
import { followForever } from './change/follow-order.ts'
import { currentGeneration } from './change/generations.ts'
import { dropExpiredForever } from './change/rejected-data.ts'
import { type Reverting, type RevertOptions, revert } from './change/revert.ts'
import { importForever } from './offline/import-loop.ts'
import { Resolving } from './offline/resolving.ts'
import { type AgentOptions, openParts, type Parts } from './parts.ts'
import { HealthRing } from './report/health-ring.ts'
import { sendOutputForever } from './report/live-output.ts'
import { measureForever } from './report/measure-health.ts'
import { scrubLines, secretsIn } from './report/scrub.ts'
import { makeReport } from './report/state-report.ts'
import { type StatusLine, statusLine } from './report/status-line.ts'
import { serveStatus } from './report/status-socket.ts'
import { openApi } from './say/open-api.ts'
import type { Say } from './say/open-say.ts'
import { heedCheckIn } from './self/heed-check-in.ts'
import { runningPackages } from './self/running-packages.ts'
import { checkInForever } from './server/check-in-loop.ts'
import { serveObjects } from './server/object-server.ts'
import { streamForever } from './server/stream.ts'
import { Bell } from './server/wake.ts'
import { quickBreath } from './store/breath.ts'
import type { Scrubbed } from './store/scrub.ts'
import { takeUp } from './take-up.ts'
import { grantedNow } from './trust/granted.ts'
import { logSize } from './trust/log-state.ts'
import { orderedRestores, orderedTry } from './trust/ordered-policy.ts'
import { secretTexts } from './trust/secrets.ts'

/** The daemon of one device, over one state directory that it alone holds. */
export class Agent {
  readonly #options: AgentOptions
  readonly #parts: Parts
  readonly #halt: AbortController
  readonly #look = new Bell()
  readonly #tell = new Bell()
  readonly #ordered = new Bell()
  readonly #asked = new Bell()
  #status: Server | undefined
  #objects: HttpServer | undefined
  #api: readonly HttpServer[] = []
  readonly #resolving: Resolving
  readonly #health = new HealthRing()
  #watchedUntil = 0
  #failedBefore: readonly PackageName[] = []
  #loops: Promise<unknown> = Promise.resolve()

  private constructor(options: AgentOptions, parts: Parts, halt: AbortController) {
    this.#options = options
    this.#parts = parts
    this.#halt = halt
    this.#resolving = new Resolving(parts, options.world, halt.signal)
  }

  /** Takes the directory, finishes what the last life left, adopts the apps, and begins to work. */
  static async start(options: AgentOptions): Promise<Agent> {
    const halt = new AbortController()
    const parts = await openParts(options, () => halt.abort(new Halted()))
    const agent = new Agent(options, parts, halt)
    parts.outbox.onAdd(() => agent.#tell.ring())
    const { current, specs } = await takeUp(parts, options.world)
    agent.#ordered.listen(() => {
      void parts.isolating.heed()
      parts.requiring.heed().catch((error: unknown) => {
        options.world.log({ level: 'error', message: String(error) })
      })
    })
    await parts.apps.adopt(specs)
    agent.#status = await serveStatus(options.paths.socket, () => agent.status(), options.world)
    agent.#api = await agent.#serveApi()
    const serve = options.fetch?.serve
    const { objects } = parts.stores
    if (serve) agent.#objects = await serveObjects({ ...serve, objects, world: options.world })
    await parts.self.begin()
    if (!parts.journal.state.change) {
      await parts.self.prove(current.number, parts.trust.floors)
    }
    agent.#loops = agent.#work()
    return agent
  }

  /** Settles when the agent has stopped, with an error where something unforeseen stopped it. */
  get ended(): Promise<unknown> {
    return this.#loops
  }

  async #work(): Promise<void> {
    const { stores } = this.#parts
    const { world } = this.#options
    const loops = [
      this.#checkIn(),
      this.#stream(),
      this.#follow(),
      this.#sendOutput(),
      this.#care(),
      this.#import(),
      this.#parts.scrub.scrubForever(this.#halt.signal),
      this.#measure(),
      dropExpiredForever(stores.paths, stores.grace, world, this.#halt.signal),
    ]
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
    this.halt()
    await this.#loops
    await this.close()
  }

  /** Begins to end: {@link ended} settles soon. */
  halt(): void {
    this.#halt.abort(new Halted())
  }

  /** Reads the whole store again, now; fulfilled with what was found. */
  scrub(): Promise<Scrubbed> {
    return this.#parts.scrub.ask()
  }

  /**
   * Goes back to an earlier generation, or recalls the change under way, until the server orders
   * something else. Refused with `agent/no-earlier`, `agent/below-floor`, `agent/migrated` (it asks for
   * `restoreData`) or `agent/no-data`.
   */
  async revert(options: RevertOptions = {}): Promise<Reverting> {
    const { paths } = this.#options
    const { journal, trust } = this.#parts
    const { floors, order } = trust
    const granted = grantedNow(trust)
    const context = { paths, journal, floors, granted, counter: order?.counter ?? 0 }
    const reverting = await revert(context, options)
    this.#asked.ring()
    return reverting
  }

  /** Follows the order again as if nothing of it had failed, or had been gone back from. */
  async retry(): Promise<void> {
    await this.#parts.journal.append({ type: 'retry' })
    this.#asked.ring()
  }

  async close(): Promise<void> {
    const { apps, outbox, file, lock, self } = this.#parts
    this.#status?.close()
    for (const server of [this.#objects, ...this.#api]) {
      server?.close()
      server?.closeAllConnections()
    }
    await apps.close()
    await outbox.close()
    await file.close()
    await self.close()
    lock.release()
  }

  /** Who has a say in when this device changes. */
  get say(): Say {
    return this.#parts.say
  }

  status(): Promise<StatusLine> {
    return statusLine(this.#options, this.#parts)
  }

  #serveApi(): Promise<readonly HttpServer[]> {
    return openApi(this.#options, this.#parts, {
      revert: options => this.revert(options),
      failedBefore: () => this.#failedBefore,
      retry: async () => {
        await this.retry()
        this.#look.ring()
      },
    })
  }

  #checkIn(): Promise<never> {
    const { client, identity, enrolment, trust, outbox, refusals, self } = this.#parts
    const { world } = this.#options
    const stop = this.#halt.signal
    const makeOwnReport = () => this.#report()
    const { now } = world
    const running = async () => (await currentGeneration(this.#options.paths)).packages
    const { monotonic } = world
    const health = this.#health
    const own = { makeReport: makeOwnReport, running, now, stop, health, monotonic }
    return checkInForever({
      context: { client, identity, trust, outbox, ...own },
      world,
      refusals,
      look: this.#look,
      tell: this.#tell,
      intervalSeconds: () => trust.order?.policy['check-in-seconds'] ?? usualCheckInSeconds,
      onOrder: () => this.#ordered.ring(),
      onEnd: error => heedCheckIn(self, enrolment.origin, error),
    })
  }

  #measure(): Promise<never> {
    const { world, paths } = this.#options
    const sources = { proc: '/proc', sys: '/sys', root: paths.root }
    const { apps } = this.#parts
    return measureForever({ sources, apps, world, ring: this.#health, stop: this.#halt.signal })
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
    const { journal, host, refusals, trust, outbox, say } = this.#parts
    const suspect = (error: unknown) => void refusals.report(world, error)
    return followForever({
      paths,
      world,
      journal,
      host,
      refusals,
      ordered: this.#ordered,
      asked: this.#asked,
      halt: this.#halt.signal,
      order: () => trust.order,
      granted: () => grantedNow(trust),
      restored: ({ counter }) => orderedRestores(trust.sealedOrder, counter, suspect),
      tryAgain: ({ counter }) => orderedTry(trust.sealedOrder, counter, suspect),
      resolve: order => this.#resolving.resolve(order),
      tell: event => outbox.add(event),
      onUnchanged: () => this.#tell.ring(),
      onFailedBefore: packages => {
        this.#failedBefore = packages
      },
      onSettled: async () => {
        await host.leftovers.settle()
        await say.gate.settle()
      },
    })
  }

  /** Reads what runs already once more, since nobody did when it was adopted. */
  async #care(): Promise<never> {
    const { apps, care } = this.#parts
    const { packages } = await currentGeneration(this.#options.paths)
    await care.look(packages, quickBreath(this.#options.world), this.#halt.signal)
    return care.careForever(apps, this.#halt.signal)
  }

  #sendOutput(): Promise<never> {
    const { client, apps } = this.#parts
    const { world } = this.#options
    const isWanted = () =>
      this.#resolving.model?.development === true || world.monotonic() < this.#watchedUntil
    const { paths } = this.#options
    const scrub = async (name: PackageName, lines: readonly string[]) => {
      const one = packageOf(await currentGeneration(paths), name)
      const secrets = one ? [...secretsIn(one.settings), ...(await secretTexts(paths, one))] : []
      return scrubLines(lines, secrets)
    }
    return sendOutputForever({ client, apps, world, stop: this.#halt.signal, isWanted, scrub })
  }

  #import(): Promise<never> {
    const { outbox } = this.#parts
    return importForever({
      context: this.#resolving.importing,
      tell: event => outbox.add(event),
      onOrder: () => this.#ordered.ring(),
      stop: this.#halt.signal,
    })
  }

  async #report() {
    const { identity, sealingKey, trust, journal, apps, outbox, say, self, isolating } = this.#parts
    const current = await currentGeneration(this.#options.paths)
    return makeReport({
      device: identity.device,
      sequence: await outbox.nextReport(),
      now: trust.time(this.#options.world.now()),
      counter: trust.counter,
      state: journal.state,
      packages: await runningPackages(self, current),
      generation: current.number,
      apps,
      attributes: { ...this.#options.attributes, ...(await logSize(trust)) },
      sealingKey,
      waiting: say.gate.waiting,
      isolated: isolating.own,
    })
  }
}
