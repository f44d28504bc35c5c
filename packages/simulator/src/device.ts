import { randomBytes } from 'node:crypto'
import { rawPublicKey, type Signer, signerFromSeed, signStatement } from '@steadfleet/authority'
import { type Digest, isCoded, toHex } from '@steadfleet/base'
import {
  type ChangeState,
  type DeviceEvent,
  type DeviceId,
  deviceIdOf,
  digestOfEvent,
  digestOfSettings,
  effectiveSettings,
  type ReleaseRecord,
  type SettingValues,
  type StateReport,
  toTimestamp,
} from '@steadfleet/domain'
import {
  type Client,
  checkIn,
  deviceEvents,
  enrolDevice,
  makeClient,
  makeSessionKeys,
  type ReplyOf,
  readEvents,
  signRequest,
  type Transport,
} from '@steadfleet/protocol'
import { acceptOrder, type Order, payloadTypes } from '@steadfleet/trust'
import type { CommonKnowledge } from './common-knowledge.ts'
import type { Fate } from './fate.ts'
import type { SimulatorOptions } from './options.ts'
import { readToken, type Token } from './token.ts'

/** What a device does at the moment, as the simulator's lines count it. */
export type Phase = 'joining' | 'idle' | 'fetching' | 'probation' | 'gone'

/** What a device needs of its simulator. */
export interface Surroundings {
  readonly options: SimulatorOptions
  readonly transport: Transport
  readonly stop: AbortSignal
  /** The knowledge of the fleet's devices; the first that joins begins it. */
  know(client: Client, token: Token, reply: ReplyOf<typeof enrolDevice>): Promise<CommonKnowledge>
  count(what: string): void
}

/** One device: real keys, the real protocol, every order verified; what it installs is pretended. */
export class SimulatedDevice {
  readonly #at: Surroundings
  readonly #fate: Fate
  readonly #key: Signer
  readonly #client: Client
  readonly #index: number
  readonly id: DeviceId
  phase: Phase = 'joining'
  isConnected = false
  #knowledge: CommonKnowledge | undefined
  #counter = 0
  #report = 0
  #event = 0
  #generation = 0
  #state: ChangeState = 'committed'
  #releases: StateReport['releases'] = []
  #running: ReadonlySet<Digest> = new Set()
  readonly #events: DeviceEvent[] = []
  #order: Order | undefined
  #look = Promise.withResolvers<void>()

  constructor(at: Surroundings, fate: Fate, index: number, token: string) {
    this.#at = at
    this.#fate = fate
    this.#index = index
    this.#key = signerFromSeed(fate.keySeed)
    this.id = deviceIdOf(rawPublicKey(this.#key))
    const signer = { keyid: this.id, sign: this.#key.sign }
    const { origin } = readToken(token)
    const sessions = makeSessionKeys(length => randomBytes(length))
    const signing = { signer, signRequest, sessions }
    this.#client = makeClient({ origin, transport: at.transport, signing })
  }

  /** Joins the fleet with its token, and tells what it runs. */
  async join(token: string): Promise<void> {
    const read = readToken(token)
    const publicKey = toHex(rawPublicKey(this.#key))
    const name = `simulated-${this.#index}`
    const claim = { publicKey, name, model: '', architecture: 'amd64' as const }
    const reply = await this.#client.call(enrolDevice, { body: { token: read.secret, claim } })
    this.#knowledge = await this.#at.know(this.#client, read, reply)
    this.phase = 'idle'
  }

  /** Holds a stream, checks in when called or when the time is up, and obeys. */
  async live(): Promise<void> {
    void this.#listen()
    const { stop, options } = this.#at
    while (!stop.aborted && this.phase !== 'gone') {
      await this.#checkIn().catch(error => this.#failed(error))
      // Not all at the same moment, as after a start of the server.
      const interval = options['check-in-seconds'] * 1000 * (0.5 + this.#draw())
      await Promise.race([this.#look.promise, this.#sleep(interval)])
      this.#look = Promise.withResolvers()
    }
  }

  #failed(error: unknown): void {
    if (this.#at.stop.aborted) return
    this.#at.count(isCoded(error) ? error.code : 'lost connection')
  }

  async #listen(): Promise<void> {
    const { stop } = this.#at
    for (let failures = 0; !stop.aborted && this.phase !== 'gone'; ) {
      try {
        const headers = { accept: 'text/event-stream' }
        const { body } = await this.#client.open(deviceEvents, { headers })
        this.isConnected = true
        failures = 0
        this.#look.resolve()
        for await (const _ of readEvents(body)) this.#look.resolve()
      } catch (error) {
        this.#failed(error)
      }
      this.isConnected = false
      failures += 1
      await this.#sleep(Math.min(30_000, 500 * 2 ** failures) * (0.5 + this.#draw()))
    }
  }

  async #checkIn(): Promise<void> {
    if (this.#fate.isOfflineIn(Math.floor(performance.now() / 30_000))) return
    const events = [...this.#events]
    this.#report += 1
    const report = await signStatement(payloadTypes.report, this.#toReport(events), [this.#key])
    const view = { ...report, signatures: report.signatures.map(one => ({ ...one })) }
    const reply = await this.#client.call(checkIn, { body: { report: view, events } })
    this.#at.count('check-ins')
    this.#events.splice(0, this.#events.filter(one => one.sequence <= reply.acknowledged).length)
    await this.#knowledge?.catchUp(reply.ownerRootVersion, reply.policyVersion)
    if (reply.order) await this.#take(reply.order)
  }

  #toReport(events: readonly DeviceEvent[]): StateReport {
    return {
      ...{ type: 'report', format: 1, device: this.id, sequence: this.#report },
      ...{ at: this.#now(), counter: this.#counter, generation: this.#generation },
      ...{ state: this.#state, releases: this.#releases, apps: [], attributes: {} },
      ...(events.length > 0 && { events: events.map(digestOfEvent) }),
    }
  }

  /** Verifies an order and begins what it says; one that is under way is given up for it. */
  async #take(envelope: NonNullable<ReplyOf<typeof checkIn>['order']>): Promise<void> {
    const knowledge = this.#knowledge
    if (!knowledge) return
    const address = { device: this.id, owner: knowledge.owner, counter: this.#counter }
    const order = acceptOrder(address, knowledge.root, envelope, new Date(this.#clock()))
    const agreed = await knowledge.agree(order, this.#running)
    this.#counter = order.counter
    this.#order = order
    this.#at.count('verified orders')
    if (this.#fate.vanishesAt(order.counter)) {
      this.phase = 'gone'
      return
    }
    const records = await Promise.all(agreed.map(({ record }) => knowledge.record(record)))
    const releases = records.map(record => toInstalled(record, order))
    void this.#change(order, releases, new Set(agreed.map(({ record }) => record.digest)))
  }

  async #change(
    order: Order,
    releases: StateReport['releases'],
    running: ReadonlySet<Digest>,
  ): Promise<void> {
    const fresh = releases.filter(one => !this.#releases.some(held => isSame(held, one)))
    const isOther = fresh.length > 0 || releases.length !== this.#releases.length
    if (isOther && !(await this.#tryOut(order, fresh))) return
    if (this.#order !== order) return
    this.#releases = releases
    this.#running = running
    this.#generation += isOther ? 1 : 0
    this.#enter('idle', 'committed')
  }

  /** Pretends to fetch and to try; false where it failed, or a newer order came. */
  async #tryOut(order: Order, fresh: StateReport['releases']): Promise<boolean> {
    const { options } = this.#at
    this.phase = 'fetching'
    await this.#sleep(options['fetch-seconds'] * 1000 * this.#fate.slowness * (0.5 + this.#draw()))
    if (this.#order !== order) return false
    this.#enter('probation', 'probation')
    const bad = fresh.find(({ revision }) => this.#fate.breaksOn(revision))
    const probation = options['probation-seconds'] * 1000 * this.#fate.slowness
    await this.#sleep(bad ? probation * this.#draw() : probation)
    if (this.#order !== order) return false
    if (!bad) return true
    this.#tell(bad)
    this.#enter('idle', 'restored')
    return false
  }

  #tell({ package: name, revision }: Installed): void {
    this.#event += 1
    const reason = 'it was made to fail'
    const failure = { kind: 'probation' as const, package: name, revision, reason, log: [reason] }
    const message = `${name} ${revision} failed its probation: ${reason}`
    this.#events.push({ sequence: this.#event, at: this.#now(), kind: 'failure', message, failure })
    this.#at.count('failed updates')
  }

  #enter(phase: Phase, state: ChangeState): void {
    this.phase = phase
    this.#state = state
    this.#look.resolve()
  }

  #clock(): number {
    return Date.now() + this.#fate.clockOffset
  }

  #now(): string {
    return toTimestamp(new Date(this.#clock()))
  }

  /** Another number each time, the same in each run. */
  #drawn = 0
  #draw(): number {
    this.#drawn += 1
    return this.#fate.draw(`${this.#drawn}`)
  }

  /** Nobody is woken at the end: one signal with a listener for each device is what each waits longest for. */
  #sleep(milliseconds: number): Promise<void> {
    return new Promise(resolve => setTimeout(resolve, milliseconds))
  }
}

/** Two revisions may have one tree: they are tried each for itself. */
function isSame(one: Installed, other: Installed): boolean {
  const isRevision = one.package === other.package && one.revision === other.revision
  return isRevision && one.settings === other.settings
}

function toInstalled(record: ReleaseRecord, order: Order): Installed {
  const { package: name, revision, version, tree, behaviour } = record
  const ordered = order.releases.find(one => one.package === name)?.settings ?? {}
  const settings = effectiveSettings(behaviour.settings ?? {}, ordered as SettingValues)
  return {
    package: name,
    revision,
    version,
    tree: tree.digest,
    settings: digestOfSettings(settings),
  }
}

type Installed = StateReport['releases'][number]
