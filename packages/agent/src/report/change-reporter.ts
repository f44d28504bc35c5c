import type { Failure, PackageName } from '@steadfleet/domain'
import {
  type Change,
  type EngineState,
  type Generation,
  hasDone,
  type Journal,
  type NewRecord,
  packageOf,
} from '@steadfleet/engine'
import type { AppExit, Apps } from '../apps/index.ts'
import { describeDifference } from './difference.ts'
import { journalOf } from './journal-lines.ts'
import type { NewEvent, Outbox } from './outbox.ts'
import { type SecretsOf, scrubText } from './scrub.ts'
import { tailOf } from './tail.ts'

const logLines = 100

type NewBlame = Extract<NewRecord, { type: 'abort' | 'drop' }>

/** The journal, told aloud: every state a change goes through, and of a failure all that is known. */
export class ChangeReporter implements Journal {
  readonly #journal: Journal
  readonly #outbox: Outbox
  readonly #apps: Apps
  readonly #secretsOf: SecretsOf
  readonly #read: (generation: number) => Promise<Generation | undefined>
  /** How each package last ended by itself: what a failure is blamed on. */
  readonly lastExits = new Map<PackageName, AppExit>()

  constructor(
    journal: Journal,
    outbox: Outbox,
    apps: Apps,
    secretsOf: SecretsOf,
    read: (generation: number) => Promise<Generation | undefined>,
  ) {
    this.#journal = journal
    this.#outbox = outbox
    this.#apps = apps
    this.#secretsOf = secretsOf
    this.#read = read
  }

  get state(): EngineState {
    return this.#journal.state
  }

  async append(record: NewRecord): Promise<void> {
    const before = this.state.change?.state
    // Read before the first undo: the old release's start would push the new one's lines out.
    const isFailure = record.type === 'abort' || record.type === 'drop'
    const failures = isFailure ? await this.#failures(record) : []
    await this.#journal.append(record)
    const { change } = this.state
    if (change && change.state !== before) await this.#tellMove(change)
    if (record.type === 'done') await this.#tellReceipt(record)
    if (record.type === 'drop' && change) await this.#outbox.add(dropEvent(change, record))
    if (record.type === 'found') await this.#outbox.add(foundEvent(record))
    if (record.type === 'revert') await this.#outbox.add(revertEvent(record))
    for (const event of failures) await this.#outbox.add(event)
  }

  checkpoint(): Promise<void> {
    return this.#journal.checkpoint()
  }

  /** The first word of a change says what it changes; the others say how far it is. */
  async #tellMove(change: Change): Promise<void> {
    const isFirst = change.state === 'planned'
    const to = isFirst ? await this.#read(change.plan.to) : undefined
    const changes = to ? describeDifference(await this.#read(change.plan.from), to) : []
    await this.#outbox.add(moveEvent(change, changes))
  }

  async #tellReceipt({ step, receipt }: Extract<NewRecord, { type: 'done' }>): Promise<void> {
    const { bytes, size } = receipt
    if (typeof bytes !== 'number' || typeof size !== 'number') return
    const name = step.slice(step.indexOf(':') + 1)
    const message = `fetched ${bytes} bytes of ${name}, a tree of ${size}`
    const generation = this.state.change?.to ?? 0
    const details = { package: name, bytes, size }
    await this.#outbox.add({ kind: 'change', message, generation, details })
  }

  async #failures(record: NewBlame): Promise<NewEvent[]> {
    const { change } = this.state
    const to = change && (await this.#read(change.to))
    if (to === undefined || record.code === 'engine/superseded') return []
    return Promise.all(
      record.packages.map(async name => {
        const failure = await this.#failureOf(name, to, record)
        const said = { message: failure.reason, code: record.code, generation: to.number }
        return { kind: 'failure' as const, ...said, failure }
      }),
    )
  }

  async #failureOf(name: PackageName, to: Generation, record: NewBlame): Promise<Failure> {
    const one = packageOf(to, name)
    const exit = this.lastExits.get(name)
    const isOwn = exit !== undefined && exit.revision === one?.revision
    const log = isOwn && exit.log.length > 0 ? exit.log : await this.#logOf(to, name)
    const { change } = this.state
    const secrets = one ? await this.#secretsOf(one) : []
    const why = scrubText(record.why, secrets).slice(0, 1000)
    return {
      kind: kindOf(record, change),
      package: name,
      revision: one?.revision ?? 1,
      reason: why,
      log: tailOf(log, secrets),
      ...(change && { journal: journalOf(change, { ...record, why }) }),
      ...(isOwn && exitOf(exit)),
    }
  }

  async #logOf(to: Generation, name: PackageName): Promise<string[]> {
    const apps = Object.keys(packageOf(to, name)?.behaviour.apps ?? {})
    const logs = await Promise.all(apps.map(app => this.#apps.log(name, app, logLines)))
    return logs.flat()
  }
}

/** What was not begun to be switched, and is no doing of the release's, says nothing against it. */
function kindOf({ code, lasting }: NewBlame, change: Change | undefined): Failure['kind'] {
  if (code === 'engine/probation') return 'probation'
  const isSwitched = change !== undefined && hasDone(change, 'prepare')
  return lasting || isSwitched ? 'change' : 'postponed'
}

/** The members of a failure that say how an app ended. */
export function exitOf(exit: AppExit): Pick<Failure, 'app' | 'exit' | 'signal'> {
  return {
    app: exit.app,
    ...(exit.exit !== undefined && { exit: exit.exit }),
    ...(exit.signal !== undefined && { signal: exit.signal }),
  }
}

function moveEvent(change: Change, changes: readonly string[]): NewEvent {
  const { from, counter } = change.plan
  const { to } = change
  const what = changes.join(', ').slice(0, 900)
  const said = change.abort?.why ?? what
  const message = `generation ${to} is ${change.state}${said && `: ${said}`}`.slice(0, 1000)
  const code = change.abort ? { code: change.abort.code } : {}
  const why = change.abort ? { why: change.abort.why.slice(0, 900) } : {}
  const details = { from, counter, ...why, ...(what && { changes: what }) }
  return { kind: 'change', message, generation: to, state: change.state, details, ...code }
}

/** Told where the state stays the same, too: from here the change is for another generation. */
function dropEvent({ plan, state }: Change, drop: Extract<NewRecord, { type: 'drop' }>): NewEvent {
  const { lane, to, code, why } = drop
  const message = `generation ${to} goes on without the new ${lane}: ${why}`.slice(0, 1000)
  const details = { from: plan.from, counter: plan.counter, lane, why }
  return { kind: 'change', message, generation: to, state, details, code }
}

function revertEvent(record: Extract<NewRecord, { type: 'revert' }>): NewEvent {
  const { to, counter, restoresData } = record
  const what = restoresData ? `generation ${to} and its data` : `generation ${to}`
  const message = `goes back to ${what}, asked on the device, until another order than ${counter} comes`
  return { kind: 'change', message, generation: to, details: { counter, restoresData } }
}

function foundEvent({ generation, why }: Extract<NewRecord, { type: 'found' }>): NewEvent {
  const message = `found generation ${generation} in force: ${why}`
  return { kind: 'agent', message, generation }
}
