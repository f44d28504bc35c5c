import { SignerError } from './error.ts'
import type { Floors } from './floors.ts'
import type { Keyring } from './keyring.ts'
import { type Commitment, commitmentOf, type Role } from './rules.ts'

export interface SignatureBy {
  readonly keyid: string
  readonly sig: Uint8Array
}

/**
 * Signs payloads of one role, in order, all or none. Each must raise its floor, and the floors are
 * on the disk before the first signature exists: what was promised once is never promised otherwise.
 */
export async function signAll(
  { keyring, floors }: { readonly keyring: Keyring; readonly floors: Floors },
  role: Role,
  payloads: readonly Uint8Array[],
  now: Date,
): Promise<SignatureBy[]> {
  const commitments = payloads.map(payload => commitmentOf(role, payload, now))
  await floors.raise(raisedBy(commitments, floors))
  const { keyid, sign } = keyring[role]
  return Promise.all(commitments.map(async ({ message }) => ({ keyid, sig: await sign(message) })))
}

function raisedBy(commitments: readonly Commitment[], floors: Floors): Map<string, number> {
  const raised = new Map<string, number>()
  for (const { floor, number } of commitments) {
    refuseNotRising(floor, raised.get(floor) ?? floors.read(floor), number)
    raised.set(floor, number)
  }
  return raised
}

function refuseNotRising(name: string, held: number, offered: number): void {
  if (offered > held) return
  const message = `cannot sign ${name} ${offered}: already signed ${held}`
  throw new SignerError('signer/not-rising', message, { name, held, offered })
}
