import { type Lifetime, lifetimeDays } from '@steadfleet/authority'
import { isJsonObject, type Json, parseStrictJson, toCanonical } from '@steadfleet/base'
import { order, parseMetadata, payloadTypes, preAuthenticationEncoding } from '@steadfleet/trust'
import { SignerError } from './error.ts'

/** The roles whose keys are online, and so live here. */
export const roles = ['snapshot', 'timestamp', 'director'] as const
export type Role = (typeof roles)[number]

/** What one payload would commit its role to: under which name, to which number, until when. */
export interface Commitment {
  /** The floor it raises: the role's own, or for an order its device's. */
  readonly floor: string
  readonly number: number
  readonly expires: Date
  /** The bytes a signature is made over. */
  readonly message: Uint8Array
}

type Rule = (payload: Uint8Array, read: Json) => Commitment

/** What each role may sign; all else is refused before a key is touched. */
const rules: Readonly<Record<Role, Rule>> = {
  snapshot: (payload, read) => metadataCommitment('snapshot', payload, read),
  timestamp: (payload, read) => metadataCommitment('timestamp', payload, read),
  director: (payload, read) => {
    const { device, counter, expires } = order(read, 'order')
    const message = preAuthenticationEncoding(payloadTypes.order, payload)
    return { floor: `director/${device}`, number: counter, expires, message }
  },
}

const types: Readonly<Record<Role, string>> = {
  snapshot: 'snapshot',
  timestamp: 'timestamp',
  director: 'order',
}

const lifetimes: Readonly<Record<Role, Lifetime>> = {
  snapshot: 'snapshot',
  timestamp: 'timestamp',
  director: 'order',
}

/** Clocks of two processes of one machine are the same clock; a minute is for work in between. */
const slackMs = 60_000

/** Reads `payload` as what `role` may sign, or refuses it. */
export function commitmentOf(role: Role, payload: Uint8Array, now: Date): Commitment {
  const read = parsed(payload)
  refuseForeign(role, read)
  const commitment = orMalformed(() => rules[role](payload, read))
  refuseLongLife(role, commitment.expires, now)
  return commitment
}

export function parseRole(name: unknown): Role {
  const role = roles.find(one => one === name)
  if (role) return role
  throw new SignerError(
    'signer/unknown-role',
    `cannot sign for ${JSON.stringify(name)}: no such role here`,
  )
}

/** The signed part alone is given; a file with signatures of its own is not what gets signed. TUF §4.2 */
function metadataCommitment(
  type: 'snapshot' | 'timestamp',
  payload: Uint8Array,
  read: Json,
): Commitment {
  const { signed, message } = parseMetadata(type, toCanonical({ signatures: [], signed: read }))
  if (Buffer.compare(message, payload) !== 0) {
    throw new SignerError('signer/malformed', `cannot sign ${type}: not in its canonical form`)
  }
  return { floor: type, number: signed.version, expires: signed.expires, message }
}

function refuseForeign(role: Role, read: Json): void {
  const found = isJsonObject(read) ? (read._type ?? read.type) : undefined
  if (found === types[role]) return
  const message = `cannot sign ${JSON.stringify(found ?? null)} as ${role}: it signs ${types[role]} alone`
  throw new SignerError('signer/foreign-type', message, { role })
}

/** A stolen web process must not get a signature that outlives its discovery. */
function refuseLongLife(role: Role, expires: Date, now: Date): void {
  const most = now.getTime() + lifetimeDays[lifetimes[role]] * 86_400_000 + slackMs
  if (expires.getTime() <= most) return
  const message = `cannot sign ${role} until ${expires.toISOString()}: longer than the role may promise`
  throw new SignerError('signer/expiry', message, { role })
}

function parsed(payload: Uint8Array): Json {
  return orMalformed(() => parseStrictJson(payload))
}

function orMalformed<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof SignerError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new SignerError('signer/malformed', `cannot sign payload: ${why}`, {}, { cause })
  }
}
