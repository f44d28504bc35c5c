import type { LogKeeper } from '@steadfleet/authority'
import { type CodedError, isCoded } from '@steadfleet/base'
import type { SignedCheckpoint } from '@steadfleet/trust'
import { ServerError } from '../error.ts'
import type { WitnessClient } from './witness-client.ts'

/** What became of asking each witness: its line, or why there is none. */
export interface Gathered {
  readonly lines: readonly string[]
  readonly troubles: ReadonlyMap<WitnessClient, CodedError>
}

/**
 * Asks all witnesses at once and resolves when those that answered are enough, or when all have.
 * Those that answer later have cosigned all the same; the next checkpoint has their lines.
 */
export async function gatherLines(
  keeper: LogKeeper,
  checkpoint: SignedCheckpoint,
  witnesses: readonly WitnessClient[],
  isEnough: (lines: readonly string[]) => boolean,
): Promise<Gathered> {
  const lines: string[] = []
  const troubles = new Map<WitnessClient, CodedError>()
  const enough = Promise.withResolvers<void>()
  const all = witnesses.map(async witness => {
    try {
      lines.push(await witness.cosign(keeper, checkpoint))
      if (isEnough(lines)) enough.resolve()
    } catch (error) {
      troubles.set(witness, isCoded(error) ? error : fault(error))
    }
  })
  await Promise.race([enough.promise, Promise.all(all)])
  return { lines: [...lines], troubles }
}

function fault(cause: unknown): ServerError {
  const message = `cannot ask a witness: ${cause instanceof Error ? cause.message : String(cause)}`
  return new ServerError('log/witness', message, {}, { cause })
}
