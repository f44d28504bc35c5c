import type { Signer } from '@steadfleet/authority'
import { SignerError } from './error.ts'
import type { Floor, Floors } from './floors.ts'
import { type FurtherKeys, type FurtherRole, furtherFloor } from './further.ts'
import type { Keyring } from './keyring.ts'
import { type Commitment, commitmentOf, logFloor, type Role } from './rules.ts'

export interface SignatureBy {
  readonly keyid: string
  readonly sig: Uint8Array
  /** By the key that a root on its way names instead. */
  readonly next?: SignatureBy
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
  const [signer, next] = keyring.signersOf(role)
  const commitments = payloads.map(payload => commitmentOf(role, payload, now))
  const shards = role === 'log' ? raisedShard(keyring, floors, commitments) : []
  await floors.raise(new Map([...raisedBy(commitments, floors), ...shards]))
  return signBoth(signer, next, commitments)
}

function signBoth(
  signer: Signer,
  next: Signer | undefined,
  commitments: readonly Commitment[],
): Promise<SignatureBy[]> {
  return Promise.all(
    commitments.map(async ({ message }) => ({
      ...(await signBy(signer, message)),
      ...(next && { next: await signBy(next, message) }),
    })),
  )
}

async function signBy({ keyid, sign }: Signer, message: Uint8Array): Promise<SignatureBy> {
  return { keyid, sig: await sign(message) }
}

/** {@link signAll} for a further catalogue, with its own key and its own floor. */
export async function signFurther(
  { further, floors }: { readonly further: FurtherKeys; readonly floors: Floors },
  role: FurtherRole,
  payloads: readonly Uint8Array[],
  now: Date,
): Promise<SignatureBy[]> {
  const [signer, next] = await further.signersOf(role)
  const floor = furtherFloor(role)
  const commitments = payloads.map(one => ({ ...commitmentOf(role.role, one, now), floor }))
  await floors.raise(raisedBy(commitments, floors))
  return signBoth(signer, next, commitments)
}

function raisedBy(commitments: readonly Commitment[], floors: Floors): Map<string, Floor> {
  const raised = new Map<string, Floor>()
  for (const commitment of commitments) {
    const { floor, number, content } = commitment
    const held = raised.get(floor) ?? floors.read(floor)
    if (isSameAgain(held, commitment)) continue
    refuseNotRising(floor, held.number, number)
    raised.set(floor, { number, content })
  }
  return raised
}

/** A log signs its tree of one size as often as it is asked, since nobody can tell it from once. */
function isSameAgain(held: Floor, { floor, number, content }: Commitment): boolean {
  if (content === undefined || held.number !== number) return false
  if (held.content === content) return true
  const message = `cannot sign ${floor} ${number}: signed another tree of that size`
  throw new SignerError('signer/fork', message, { name: floor, held: number })
}

/**
 * A log whose files are lost goes on under a name of its own: `ORIGIN/2`, then `ORIGIN/3`. Whoever was
 * signed for in one of them is not signed for in one before it again.
 */
function raisedShard({ origin }: Keyring, floors: Floors, all: readonly Commitment[]) {
  const name = `shard/${origin}`
  const shards = all.map(commitment => shardOf(origin, commitment))
  const held = floors.read(name).number
  const lowest = Math.min(...shards)
  if (lowest < held) refuseNotRising(name, held, lowest)
  const highest = Math.max(...shards)
  return highest > held ? [[name, { number: highest }] as const] : []
}

function shardOf(origin: string | undefined, { floor }: Commitment): number {
  const base = logFloor(origin ?? '')
  if (origin !== undefined && floor === base) return 1
  const shard = /^\/([2-9]|[1-9][0-9]{1,3})$/.exec(floor.slice(base.length))?.[1]
  if (origin !== undefined && floor.startsWith(base) && shard !== undefined) return Number(shard)
  const message = `cannot sign a checkpoint of ${floor}: it signs ${origin ?? 'none'} alone`
  throw new SignerError('signer/foreign-type', message, { role: 'log' })
}

function refuseNotRising(name: string, held: number, offered: number): void {
  if (offered > held) return
  const message = `cannot sign ${name} ${offered}: already signed ${held}`
  throw new SignerError('signer/not-rising', message, { name, held, offered })
}
