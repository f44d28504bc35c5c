import { parseStrictJson, toDocument } from '@steadfleet/base'
import { toTimestamp } from '@steadfleet/domain'
import type { Change, Generation } from '@steadfleet/engine'
import { type LocalChange, parseLocalChanges } from '@steadfleet/protocol'
import { copiesOf, readCopies, writeCopies } from '../disk/copies.ts'
import type { Paths } from '../disk/paths.ts'
import { updateOf } from '../say/update.ts'
import type { World } from '../world.ts'

const mostKept = 100

/** How the last changes came out, for people at the device: the journal forgets a change that is over. */
export class ChangeHistory {
  readonly #path: string
  readonly #world: World
  #changes: readonly LocalChange[]

  private constructor(path: string, world: World, changes: readonly LocalChange[]) {
    this.#path = path
    this.#world = world
    this.#changes = changes
  }

  /** A file that is torn is none: nothing is decided by it. */
  static async open({ history }: Paths, world: World): Promise<ChangeHistory> {
    const copies = copiesOf(history, 1, 0o600)
    const { value } = await readCopies(copies, body => parseLocalChanges(parseStrictJson(body)))
    return new ChangeHistory(history, world, value?.changes ?? [])
  }

  /** The newest first. */
  get changes(): readonly LocalChange[] {
    return this.#changes
  }

  /** Notes a change that is over, once: it may be tidied up after twice. On a full disk it is lost. */
  async note(change: Change, from: Generation, to: Generation): Promise<void> {
    const { now, log } = this.#world
    if (this.#changes[0]?.to === change.to) return
    const entry = entryOf(change, from, to, now())
    this.#changes = [entry, ...this.#changes].slice(0, mostKept)
    try {
      await writeCopies(copiesOf(this.#path, 1, 0o600), toDocument({ changes: this.#changes }))
    } catch (error) {
      log({ level: 'warn', message: `cannot note how a change ended: ${error}` })
    }
  }
}

function entryOf(change: Change, from: Generation, to: Generation, now: Date): LocalChange {
  const { plan, state, abort, drops } = change
  const faults = abort ? [...drops, abort] : drops
  const why = faults.map(one => one.why).join('; ')
  const code = faults.at(-1)?.code
  return {
    at: toTimestamp(now),
    from: plan.from,
    to: change.to,
    counter: plan.counter,
    outcome: state as LocalChange['outcome'],
    packages: updateOf(from, to).packages.map(one => ({ ...one })),
    ...(code !== undefined && { code, why }),
  }
}
