import type { PackageName } from '@steadfleet/domain'
import {
  type Change,
  type ChangeHost,
  type Generation,
  type GenerationPackage,
  Hindered,
  isAgentPackage,
  type ProbationRule,
  packageOf,
  type Receipt,
  type Sight,
  type Step,
  type StepKind,
} from '@steadfleet/engine'
import type { Apps } from '../apps/index.ts'
import { syncFileSystem } from '../disk/durable.ts'
import { AgentError } from '../error.ts'
import type { ChangeHistory } from '../report/change-history.ts'
import type { Gate, Journey } from '../say/gate.ts'
import type { Leases } from '../say/leases.ts'
import type { Self } from '../self/self.ts'
import type { FetchContext } from '../store/fetch-context.ts'
import type { TrustState } from '../trust/trust-state.ts'
import type { World } from '../world.ts'
import type { ChangeRoom } from './change-room.ts'
import { copyOrBegin, type DataSteps, migrateData } from './data-steps.ts'
import { fetchPackage } from './fetch-step.ts'
import { keptWith, pointTo, readGeneration, readPointer, writeGeneration } from './generations.ts'
import { Leftovers } from './leftovers.ts'
import { lookAt, lookInterval, ruleFor } from './probation-look.ts'
import { rejectData } from './rejected-data.ts'
import { allSpecs, specsOf } from './specs.ts'
import { changedIn, floorsOf, needed, triedIn, type Work } from './step-work.ts'
import type { Stores } from './stores.ts'
import type { TreeCare } from './tree-care.ts'

export interface DeviceHostOptions {
  readonly stores: Stores
  readonly apps: Apps
  readonly world: World
  readonly trust: TrustState
  readonly fetching: FetchContext
  readonly care: TreeCare
  readonly room: ChangeRoom
  /** Which start of the machine this is. */
  readonly boot: string
  readonly gate: Gate
  readonly leases: Leases
  readonly self: Self
  readonly history: ChangeHistory
}

/** The real device under the engine: files, trees, data and apps. */
export class DeviceHost implements ChangeHost {
  readonly #options: DeviceHostOptions
  readonly leftovers: Leftovers

  constructor(options: DeviceHostOptions) {
    this.#options = options
    this.leftovers = new Leftovers(options.stores)
  }

  async apply(change: Change, step: Step, again: boolean, stop: AbortSignal): Promise<Receipt> {
    return (await this.#doing[step.kind](await this.#work(change, step), again, stop)) ?? {}
  }

  async undo(change: Change, step: Step): Promise<void> {
    await this.#undoing[step.kind](await this.#work(change, step))
  }

  async generations({ plan, to }: Change): Promise<{ from: Generation; to: Generation }> {
    return { from: await this.#generation(plan.from), to: await this.#generation(to) }
  }

  async untilAllowed(change: Change, stop: AbortSignal): Promise<void> {
    const journey = await this.#journey(change)
    await this.#options.gate.untilMayActivate(journey, stop)
    // While all still runs: what does not fit costs no second of an app.
    const changed = changedIn(journey.from, journey.to)
    await this.#options.room.refuseTooLittleForCopies(journey.from, journey.to, changed)
    // What is written by now need not be waited for when the apps are down.
    await syncFileSystem(this.#paths.root)
  }

  async #journey(change: Change): Promise<Journey> {
    return { change, ...(await this.generations(change)) }
  }

  keep(generation: Generation): Promise<void> {
    return writeGeneration(this.#paths, generation)
  }

  async #generation(number: number): Promise<Generation> {
    const generation = await readGeneration(this.#paths, number)
    if (generation) return generation
    const message = `cannot go on with generation ${number}: its record is not there`
    throw new AgentError('agent/not-there', message, { generation: number })
  }

  readonly #doing: Record<
    StepKind,
    (work: Work, again: boolean, stop: AbortSignal) => Promise<Receipt | undefined>
  > = {
    fetch: (work, _, stop) => this.#fetch(work, stop),
    install: (work, _, stop) => this.#install(work, stop),
    stop: async ({ name }) => void (await this.#options.apps.stop(name)),
    copy: async ({ to, from }) => void (await copyOrBegin(this.#dataSteps, needed(to), from)),
    migrate: (work, again, stop) => this.#migrate(work, again, stop),
    activate: async ({ change }) => {
      await syncFileSystem(this.#paths.root)
      await pointTo(this.#paths, change.to)
      return undefined
    },
    start: async ({ name, to }, again, stop) => {
      // What an earlier try started may be running still; starting is always from nothing.
      if (again) await this.#options.apps.stop(name)
      await this.#makeSound(needed(to), stop)
      await this.#options.leases.open([name])
      return void (await this.#start(needed(to), again, stop))
    },
  }

  readonly #undoing: Record<StepKind, (work: Work) => Promise<void>> = {
    fetch: work => this.#discard(work),
    install: work => this.#uninstall(work),
    stop: async ({ name, from }) => {
      await this.#options.apps.stop(name)
      await this.#options.leases.open([name])
      // What can't be started, since it was damaged, is once it is put right.
      for (const spec of from ? specsOf(this.#paths, from) : []) await this.#options.apps.keep(spec)
    },
    copy: ({ name, to }) =>
      rejectData(this.#paths, name, needed(to).data, this.#options.stores.grace),
    migrate: ({ name }) => this.#options.apps.stop(name),
    activate: ({ change }) => pointTo(this.#paths, change.plan.from),
    start: async ({ name, to }) => {
      if (to && isAgentPackage(to)) await this.#options.self.goBack(to)
      else await this.#options.apps.stop(name)
    },
  }

  async #fetch({ change, to, from }: Work, stop: AbortSignal): Promise<Receipt> {
    const journey = await this.#journey(change)
    return fetchPackage(this.#options, journey, { to: needed(to), from }, stop)
  }

  /** Read once more as it lies there: what stands between here and the disk may have changed it. */
  async #install({ to }: Work, stop: AbortSignal): Promise<Receipt> {
    const { tree } = needed(to)
    const files = await this.#options.stores.trees.install(tree.digest)
    await this.#options.care.makeSound(tree, stop)
    return { files }
  }

  /** A second try starts from a fresh copy: a hook that was killed may have done half its work. */
  async #migrate({ to, from, name }: Work, again: boolean, stop: AbortSignal): Promise<undefined> {
    const wanted = needed(to)
    await this.#makeSound(wanted, stop)
    await this.#options.apps.stop(name)
    if (again) await copyOrBegin(this.#dataSteps, wanted, from)
    await migrateData(this.#dataSteps, wanted)
  }

  get #dataSteps(): DataSteps {
    const { apps, fetching, stores } = this.#options
    return { paths: stores.paths, apps, suspect: fetching.suspect }
  }

  async #start(one: GenerationPackage, again: boolean, stop: AbortSignal): Promise<void> {
    if (isAgentPackage(one)) return this.#options.self.become(one, again, stop)
    for (const spec of specsOf(this.#paths, one)) await this.#options.apps.start(spec)
  }

  /** What was damaged on this device, and can't be put right yet, says nothing against the release. */
  async #makeSound({ tree }: GenerationPackage, stop: AbortSignal): Promise<void> {
    try {
      await this.#options.care.makeSound(tree, stop)
    } catch (error) {
      stop.throwIfAborted()
      throw new Hindered(error)
    }
  }

  async #uninstall({ change, to }: Work): Promise<void> {
    const { digest } = needed(to).tree
    const kept = (await this.#goingOn(change)).flatMap(one => one.packages)
    const used = [...kept.map(one => one.tree.digest), ...(await this.#options.self.files.trees())]
    if (!used.includes(digest)) await this.#options.stores.trees.remove(digest)
  }

  async #discard({ change }: Work): Promise<void> {
    const [from, coming] = await this.#goingOn(change)
    if (from) await this.leftovers.discard(change, from, coming)
  }

  /** What a step back must leave alone: where the change came from and, unless all of it goes back, is for. */
  async #goingOn(change: Change): Promise<Generation[]> {
    const { from, to } = await this.generations(change)
    return change.abort ? [from] : [from, to]
  }

  async probationRule(change: Change): Promise<ProbationRule> {
    const { from, to } = await this.generations(change)
    return ruleFor(triedIn(from, to), to.probationSeconds, this.#options.boot)
  }

  async look(
    change: Change,
    stop: AbortSignal,
  ): Promise<{ milliseconds: number; sights: Sight[] }> {
    const { world, apps, self } = this.#options
    const { from, to } = await this.generations(change)
    const tried = triedIn(from, to)
    const { windowSeconds } = await this.probationRule(change)
    const before = world.monotonic()
    await world.sleep(lookInterval(tried, windowSeconds), stop)
    const sights = await Promise.all(
      tried.map(one => (isAgentPackage(one) ? self.look(one) : lookAt(this.#paths, apps, one))),
    )
    return { milliseconds: Math.round(world.monotonic() - before), sights }
  }

  /** Only after a commit may anything of the earlier generation be touched; floors rise first. */
  async tidy(change: Change): Promise<void> {
    const isCommitted = change.state === 'committed'
    const { from, to } = await this.generations(change)
    if (isCommitted) await this.#options.trust.raise(floorsOf(to))
    if (isCommitted) await this.#options.self.prove(to.number, floorsOf(to))
    await this.#options.history.note(change, from, to)
    const kept = isCommitted ? [to, from] : await keptWith(this.#paths, from)
    const stuck = change.state === 'rescue' ? await this.#runPointed() : []
    await this.leftovers.collect(change, [...kept, ...stuck], to)
    await this.#options.leases.openAll()
  }

  /** The way back did not succeed: what the pointer names runs, whichever it is. */
  async #runPointed(): Promise<Generation[]> {
    const number = await readPointer(this.#paths)
    const pointed = number === undefined ? undefined : await readGeneration(this.#paths, number)
    if (pointed === undefined) return []
    for (const spec of allSpecs(this.#paths, pointed)) await this.#options.apps.keep(spec)
    return [pointed]
  }

  get #paths() {
    return this.#options.stores.paths
  }

  /** A dropped lane is taken back by what the plan had for it, so the plan's generation is read. */
  async #work(change: Change, step: Step): Promise<Work> {
    const name = step.package ?? ('' as PackageName)
    const from = await this.#generation(change.plan.from)
    const to = await this.#generation(change.plan.to)
    return { change, name, from: packageOf(from, name), to: packageOf(to, name) }
  }
}
