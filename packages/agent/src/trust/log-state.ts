import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { fromUtf8, toUtf8 } from '@steadfleet/base'
import {
  acceptLogged,
  chosenLog,
  type Floors,
  type LogPolicy,
  type LogProof,
  type NoteKey,
  openCheckpoint,
  type SignedCheckpoint,
  TrustError,
} from '@steadfleet/trust'
import { type Copies, copiesOf, readCopies, writeCopies } from '../disk/copies.ts'
import { withNotes } from './log-evidence.ts'
import type { TrustState } from './trust-state.ts'

/** Who keeps the floors: the trust state, when it runs. */
interface FloorKeeper {
  readonly floors: Floors
  raise(raised: Floors): Promise<void>
}

/**
 * The newest checkpoint that this device accepted of each log. It is kept twice, each copy replaced while
 * the other is whole, and its size is a floor besides: where both copies are lost, a smaller log is still
 * refused, though a fork of the same size can no longer be told.
 */
export class LogState {
  readonly #folder: string
  readonly #trust: FloorKeeper
  /** Leaves that were shown to be in a log since the agent started: a log forgets none. */
  readonly shown = new Set<string>()

  constructor(folder: string, trust: FloorKeeper) {
    this.#folder = folder
    this.#trust = trust
  }

  async held({ key }: LogPolicy): Promise<SignedCheckpoint | undefined> {
    const read = (note: Uint8Array) => openCheckpoint(key, fromUtf8(note))
    const { value } = await readCopies(this.#copies(key), read, ({ size }) => size)
    return value
  }

  /** Accepts a leaf that the log holds, and keeps the checkpoint that shows it. */
  async accept(policy: LogPolicy, proof: LogProof, leaf: Uint8Array): Promise<void> {
    const held = await this.held(policy)
    const newest = acceptOrShow(policy, held, proof, leaf)
    this.#refuseBelowFloor(policy.key, newest)
    if (newest.size !== held?.size) await writeCopies(this.#copies(policy.key), toUtf8(newest.note))
    // Last: after a crash between the two the floor is lower than what is held, never higher.
    await this.#trust.raise(new Map([[floorOf(policy.key), newest.size]]))
  }

  #refuseBelowFloor(key: NoteKey, { origin, size }: SignedCheckpoint): void {
    const floor = this.#trust.floors.get(floorOf(key)) ?? 0
    if (size >= floor) return
    const message = `cannot accept a log of ${size}: already saw ${floor}`
    throw new TrustError('trust/log-rollback', message, { origin, size, held: floor })
  }

  #copies({ name, keyId }: NoteKey): Copies {
    const hash = createHash('sha256').update(`${name}+${keyId}`).digest('hex')
    return copiesOf(join(this.#folder, `log-${hash.slice(0, 32)}.checkpoint`), 2)
  }
}

/** The attribute by which an export for this device knows from where on it must prove the log. */
export async function logSize({
  heldPolicy,
  log,
}: Pick<TrustState, 'heldPolicy' | 'log'>): Promise<Record<string, string>> {
  const policy = heldPolicy && chosenLog(heldPolicy.log)
  const held = policy && (await log.held(policy))
  return held ? { 'log-size': `${held.size}` } : {}
}

/** Accepts it, or tells with both notes why not. */
function acceptOrShow(...asked: Parameters<typeof acceptLogged>): SignedCheckpoint {
  try {
    return acceptLogged(...asked)
  } catch (error) {
    const [policy, held, proof] = asked
    throw withNotes(error, policy, held, proof)
  }
}

function floorOf({ name, keyId }: NoteKey): string {
  return `log/${name}+${keyId}`
}
