import { toTimestamp, type UpdatePolicy, type Waiting } from '@steadfleet/domain'
import {
  type Change,
  type Circumstances,
  type Conditions,
  type Generation,
  type Interruption,
  interruptionOf,
  leaseLeft,
  nextPending,
  type WaitPart,
  waitingOf,
} from '@steadfleet/engine'
import { toWaitingLine } from '@steadfleet/protocol'
import type { NewEvent } from '../report/outbox.ts'
import { Bell, pause } from '../server/wake.ts'
import type { World } from '../world.ts'
import type { Leases } from './leases.ts'
import type { OwnSayFile } from './own-say-file.ts'
import { type Update, updateOf } from './update.ts'

export interface GateOptions {
  readonly world: World
  readonly own: OwnSayFile
  readonly leases: Leases
  readonly policy: () => UpdatePolicy
  /** The device's best word on what time it is. */
  readonly time: () => Date
  /** Asked only where it matters: the tables of time zones take memory. */
  readonly zone: () => string
  readonly conditions: () => Conditions
  readonly tell: (event: NewEvent) => Promise<void>
  /** Whether somebody at the device asked for this change: then only the apps have a say. */
  readonly isByHand: (change: Change) => boolean
}

/** A change and the generations it leads from and to. */
export interface Journey {
  readonly change: Change
  readonly from: Generation
  readonly to: Generation
}

/** Conditions and clocks change without a word, so they are looked at again. */
const lookMs = 60_000
/** A lease that ends, and an app that is safe, should not be waited for much longer. */
const leaseLookMs = 500
const pieceLookMs = 1000
/** The wait is written down so often, and at once where what is waited for changes. */
const keepSeconds = 300
const tellMs = 600_000

/**
 * Where a change waits for what its fleet, its owner and the apps themselves have to say. Nothing of
 * what runs was touched; who waits here may be ended at any moment.
 */
export class Gate {
  readonly #options: GateOptions
  readonly #bell = new Bell()
  #waiting: Waiting | undefined
  #update: Update | undefined
  #countedAt: number | undefined
  #keptAt = 0
  /** What of the wait is in the file: nothing, or whether a flaw is mended. */
  #kept: boolean | undefined
  #leasedAt: number | undefined
  /** What the last look at whether fetching may go on found. */
  #fetching = { mayGoOn: true, at: 0 }
  #told: { readonly what: string; readonly at: number } | undefined

  constructor(options: GateOptions) {
    this.#options = options
    const { pending } = options.own.value
    this.#kept = pending && pending.security !== undefined
  }

  /** What the change under way waits for now, if it does. */
  get waiting(): Waiting | undefined {
    return this.#waiting
  }

  /** The update that is under way and not activated yet. */
  get update(): Update | undefined {
    return this.#update
  }

  /** Something was said: whoever waits looks again. */
  ring(): void {
    this.#bell.ring()
  }

  /** Returns when the packages of a change may be fetched. */
  async untilMayFetch(journey: Journey, stop: AbortSignal): Promise<void> {
    await this.#wait('fetch', journey, stop)
    this.#fetching = { mayGoOn: true, at: this.#options.world.monotonic() }
  }

  /** Whether what is being fetched may go on. Asked between two pieces: it looks once a second at most. */
  mayFetchOn(journey: Journey): boolean {
    const now = this.#options.world.monotonic()
    if (now - this.#fetching.at < pieceLookMs) return this.#fetching.mayGoOn
    const { isUpdate } = this.#interruptionOf(journey)
    const mayGoOn = !isUpdate || waitingOf('fetch', this.#around()) === undefined
    this.#fetching = { mayGoOn, at: now }
    return mayGoOn
  }

  /** Returns when what is prepared may be activated; no app can take a lease from then on. */
  async untilMayActivate(journey: Journey, stop: AbortSignal): Promise<void> {
    try {
      await this.#wait('activate', journey, stop)
    } catch (error) {
      await this.#options.leases.open(stoppedBy(journey.change))
      throw error
    } finally {
      this.#leasedAt = undefined
    }
  }

  /** Nothing waits any more: the next update has all its time again. */
  async settle(): Promise<void> {
    const { own } = this.#options
    this.#update = undefined
    this.#countedAt = undefined
    this.#told = undefined
    const { pending, answer, ...rest } = own.value
    if (pending === undefined && answer === undefined) return
    own.note(rest)
    if (this.#kept === undefined && answer === undefined) return
    this.#kept = undefined
    await this.#keep()
  }

  async #wait(part: WaitPart, journey: Journey, stop: AbortSignal): Promise<void> {
    const interruption = this.#interruptionOf(journey)
    this.#update = updateOf(journey.from, journey.to)
    try {
      for (;;) {
        stop.throwIfAborted()
        this.#count(interruption)
        this.#waiting = await this.#look(part, journey, interruption, stop)
        if (this.#waiting === undefined) return
        await this.#keepNowAndThen()
        await this.#tell(journey.change, this.#waiting)
        await pause(this.#options.world, this.#lookAgain(this.#waiting), [this.#bell], stop)
      }
    } finally {
      this.#waiting = undefined
    }
  }

  #interruptionOf({ change, from, to }: Journey): Interruption {
    const { isUpdate, isSecurity } = interruptionOf(from, to)
    return { isUpdate: isUpdate && !this.#options.isByHand(change), isSecurity }
  }

  /** What the fleet and the owner say comes first: only when they agree is any app asked. */
  async #look(
    part: WaitPart,
    { change, from }: Journey,
    { isUpdate }: Interruption,
    stop: AbortSignal,
  ): Promise<Waiting | undefined> {
    const around = this.#around()
    const waiting = isUpdate ? waitingOf(part, around) : undefined
    if (waiting || part === 'fetch') {
      this.#leasedAt = undefined
      return waiting
    }
    const reasons = await this.#options.leases.close(stoppedBy(change), from, stop)
    if (reasons.length === 0) return undefined
    this.#countLease()
    const { policy, pending, now } = this.#around()
    const left = leaseLeft(policy, pending) * 1000
    const latest = toTimestamp(new Date(now.getTime() + Math.max(0, left)))
    if (left > 0) return { reasons: [...reasons], latest }
    await this.#options.tell(overruledEvent(change, { reasons: [...reasons], latest }))
    await this.#options.leases.shut(stoppedBy(change))
    return undefined
  }

  #around(): Circumstances {
    const { policy, time, zone, conditions } = this.#options
    const { value } = this.#options.own
    const now = time()
    const pending = value.pending ?? nextPending(undefined, { now, seconds: 0, isSecurity: false })
    const update = this.#update?.id ?? ''
    const ordered = policy()
    const own = { policy: ordered, zone: ordered.windows ? zone() : 'UTC', own: value }
    return { now, ...own, conditions: conditions(), update, pending }
  }

  /** Adds what was waited since the last look, by a clock that nobody sets. */
  #count({ isSecurity }: Interruption): void {
    const { world, own, time } = this.#options
    const now = world.monotonic()
    const seconds = Math.floor((now - (this.#countedAt ?? now)) / 1000)
    this.#countedAt = (this.#countedAt ?? now) + seconds * 1000
    const pending = nextPending(own.value.pending, { now: time(), seconds, isSecurity })
    own.note({ ...own.value, pending })
  }

  /** Adds whole seconds in which nothing stood in the way but what runs. */
  #countLease(): void {
    const { world, own } = this.#options
    const now = world.monotonic()
    this.#leasedAt ??= now
    const seconds = Math.floor((now - this.#leasedAt) / 1000)
    const { pending } = own.value
    if (seconds === 0 || pending === undefined) return
    this.#leasedAt += seconds * 1000
    own.note({ ...own.value, pending: { ...pending, leased: pending.leased + seconds } })
  }

  /** What waits for nothing is not worth a write. */
  async #keepNowAndThen(): Promise<void> {
    const seconds = (this.#options.world.monotonic() - this.#keptAt) / 1000
    const { pending } = this.#options.own.value
    const isSecurity = pending?.security !== undefined
    if (seconds < keepSeconds && this.#kept === isSecurity) return
    this.#kept = isSecurity
    await this.#keep()
  }

  /** A full disk stops nobody here: what was said counts in this life of the agent. */
  async #keep(): Promise<void> {
    const { world, own } = this.#options
    this.#keptAt = world.monotonic()
    try {
      await own.keep()
    } catch (error) {
      world.log({ level: 'warn', message: String(error) })
    }
  }

  #lookAgain({ reasons, latest }: Waiting): number {
    if (reasons.some(({ kind }) => kind === 'lease' || kind === 'unsafe')) return leaseLookMs
    const now = this.#options.time().getTime()
    const ends = [latest, ...reasons.flatMap(({ until }) => until ?? [])]
    const soonest = Math.min(...ends.map(end => Date.parse(end) - now))
    return Math.max(1000, Math.min(lookMs, soonest))
  }

  async #tell(change: Change, waiting: Waiting): Promise<void> {
    const { world, tell } = this.#options
    const what = waiting.reasons.map(({ kind, until }) => `${kind} ${until ?? ''}`).join()
    if (this.#told?.what === what) return
    const now = world.monotonic()
    if (this.#told && now - this.#told.at < tellMs) return
    this.#told = { what, at: now }
    await tell(waitingEvent(change, waiting))
  }
}

/** The packages whose apps a change stops. */
function stoppedBy({ plan }: Change): string[] {
  return plan.steps.flatMap(step => (step.kind === 'stop' && step.package) || [])
}

function waitingEvent({ to, state }: Change, waiting: Waiting): NewEvent {
  const message = `generation ${to} waits: ${toWaitingLine(waiting)}`.slice(0, 1000)
  const details = { waits: waiting.reasons.map(({ kind }) => kind).join(), latest: waiting.latest }
  return { kind: 'change', message, generation: to, state, details }
}

function overruledEvent({ to, state }: Change, { reasons }: Waiting): NewEvent {
  const why = reasons.map(one => one.why).join('; ')
  const message = `generation ${to} waits no longer, by the bound of its fleet, though ${why}`
  return { kind: 'change', message: message.slice(0, 1000), generation: to, state }
}
