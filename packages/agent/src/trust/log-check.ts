import { fromUtf8, isCoded, toHex } from '@steadfleet/base'
import { type Client, getLogProof, readCapped } from '@steadfleet/protocol'
import {
  chosenLog,
  leafHash,
  logDigest,
  parseLogProof,
  TrustError,
  type TrustPolicy,
} from '@steadfleet/trust'
import type { Claim } from './log-claims.ts'
import type { LogState } from './log-state.ts'
import type { TrustState } from './trust-state.ts'

/** What asking the log needs. */
export interface LogContext {
  readonly client: Client
  readonly policy: TrustPolicy
  readonly log: LogState
}

/** A note of 80 KiB, 63 hashes of a path and 64 of a history fit in. */
const longestProof = 128 * 1024

/**
 * Refuses a document that is not in the log which the owner's policy names. Its leaf was written here, from
 * what was verified; the proof of it is asked for once in the life of an agent.
 */
export async function refuseUnlogged(
  { client, policy, log: state }: LogContext,
  { about, leaf }: Claim,
): Promise<void> {
  const log = chosenLog(policy.log)
  if (log === undefined) return
  const name = `${logDigest(policy.log)} ${toHex(leafHash(leaf))}`
  if (state.shown.has(name)) return
  const held = await state.held(log)
  const text = await fetchProof(client, { about, leaf }, held?.size ?? 0)
  await state.accept(log, parseLogProof(text), leaf)
  state.shown.add(name)
}

/** {@link refuseUnlogged} by the log of the policy that is held when it is asked. */
export function loggedBy(
  client: Client,
  trust: Pick<TrustState, 'policy' | 'log'>,
): (claim: Claim) => Promise<void> {
  return claim => refuseUnlogged({ client, policy: trust.policy, log: trust.log }, claim)
}

async function fetchProof(client: Client, { about, leaf }: Claim, held: number): Promise<string> {
  const params = { leaf: toHex(leafHash(leaf)) }
  try {
    const { body } = await client.open(getLogProof, { params, query: { held } })
    return fromUtf8(await readCapped('the log’s proof', body, longestProof))
  } catch (cause) {
    if (!isCoded(cause, 'log/unknown-leaf') && !isCoded(cause, 'log/none')) throw cause
    const message = `cannot trust ${about}: the log does not hold it`
    throw new TrustError('trust/not-logged', message, { about }, { cause })
  }
}
