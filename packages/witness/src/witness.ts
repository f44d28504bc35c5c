import { cosignCheckpoint, type Signer } from '@steadfleet/authority'
import { equalBytes, fromHex } from '@steadfleet/base'
import { type Checkpoint, isConsistent, isNoteSignedBy, type NoteKey } from '@steadfleet/trust'
import { WitnessError } from './error.ts'
import { type AddCheckpoint, parseAddCheckpoint } from './request.ts'
import type { State } from './state.ts'

/** Who witnesses, with which key, for which logs. A log may have several keys under its origin. */
export interface WitnessOptions {
  readonly name: string
  readonly signer: Signer
  readonly logs: readonly NoteKey[]
  readonly state: State
  readonly now: () => Date
}

/** Cosigns checkpoints: the signature line for a request's body, or a refusal. */
export type Witness = (body: string) => Promise<string>

/** A witness, which takes the requests of one log one after the other. */
export function makeWitness(options: WitnessOptions): Witness {
  const queues = new Map<string, Promise<unknown>>()
  return async body => {
    const asked = parseAddCheckpoint(body)
    refuseUnsigned(options.logs, asked)
    const { origin } = asked.checkpoint
    // Check and write are one deed: no other request of this log comes between. C2SP tlog-witness
    const before = queues.get(origin) ?? Promise.resolve()
    const turn = before.then(() => cosign(options, asked))
    queues.set(
      origin,
      turn.catch(() => undefined),
    )
    return turn
  }
}

async function cosign({ name, signer, state, now }: WitnessOptions, asked: AddCheckpoint) {
  const { text, checkpoint } = asked
  const held = await state.read(checkpoint.origin)
  refuseOtherHistory(held, asked)
  // On the disk before the signature exists: whatever was signed is remembered.
  if (held?.size !== checkpoint.size) await state.write(checkpoint.origin, text)
  return cosignCheckpoint(text, name, signer, now())
}

function refuseUnsigned(logs: readonly NoteKey[], { note, checkpoint }: AddCheckpoint): void {
  const { origin } = checkpoint
  const keys = logs.filter(({ name }) => name === origin)
  if (keys.length === 0) {
    throw new WitnessError('witness/unknown-log', 'cannot witness this log: it is unknown here')
  }
  if (keys.some(key => isNoteSignedBy(note, key))) return
  throw new WitnessError('witness/not-signed', `cannot witness ${origin}: not signed by its key`)
}

/** The checks of C2SP tlog-witness §"add-checkpoint", in its order. */
function refuseOtherHistory(held: Checkpoint | undefined, asked: AddCheckpoint): void {
  const { old, proof, checkpoint } = asked
  const { origin, size } = checkpoint
  if (old > size) {
    throw new WitnessError('witness/malformed', `cannot go from size ${old} back to ${size}`)
  }
  const last = held?.size ?? 0
  const isOther = held?.size === size && !equalBytes(held.root, checkpoint.root)
  if (old !== last || isOther) {
    const message = `cannot cosign size ${size} of ${origin}: cosigned another of ${last}`
    throw new WitnessError('witness/conflict', message, { origin, size: last })
  }
  if (isContinued(held, checkpoint, proof)) return
  const message = `cannot cosign size ${size} of ${origin}: no history from ${last} to it`
  throw new WitnessError('witness/not-consistent', message, { origin, held: last, size })
}

/** Any tree continues an empty one, and the empty one has one root. RFC 6962 §2.1 */
function isContinued(
  held: Checkpoint | undefined,
  offered: Checkpoint,
  proof: readonly Uint8Array[],
): boolean {
  if (held !== undefined && held.size > 0) return isConsistent(held, offered, proof)
  return proof.length === 0 && (offered.size > 0 || equalBytes(offered.root, emptyRoot))
}

const emptyRoot = fromHex('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
