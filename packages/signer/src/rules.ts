import { type Lifetime, lifetimeDays } from '@steadfleet/authority'
import {
  fromUtf8,
  isJsonObject,
  type Json,
  parseStrictJson,
  toCanonical,
  toHex,
} from '@steadfleet/base'
import {
  order,
  parseCheckpoint,
  parseMetadata,
  payloadTypes,
  preAuthenticationEncoding,
} from '@steadfleet/trust'
import { SignerError } from './error.ts'

/** The roles whose keys are online and named by a root; what they sign has an end. */
export const namedRoles = ['snapshot', 'timestamp', 'director'] as const
export type NamedRole = (typeof namedRoles)[number]
const roles = [...namedRoles, 'log'] as const
export type Role = (typeof roles)[number]

/** What one payload would commit its role to: under which name, to which number. */
export interface Commitment {
  /** The floor it raises: the role's own, for an order its device's, for a checkpoint its log's. */
  readonly floor: string
  readonly number: number
  /** Where it is there, the same may be signed again under the same number: a tree, by its root. */
  readonly content?: string
  /** The bytes a signature is made over. */
  readonly message: Uint8Array
}

interface DatedCommitment extends Commitment {
  readonly expires: Date
}

type Rule = (payload: Uint8Array, read: Json) => DatedCommitment

/** What each role that a root names may sign; all else is refused before a key is touched. */
const rules: Readonly<Record<NamedRole, Rule>> = {
  snapshot: (payload, read) => metadataCommitment('snapshot', payload, read),
  timestamp: (payload, read) => metadataCommitment('timestamp', payload, read),
  director: (payload, read) => {
    const { device, counter, expires } = order(read, 'order')
    const message = preAuthenticationEncoding(payloadTypes.order, payload)
    return { floor: `director/${device}`, number: counter, expires, message }
  },
}

const types: Readonly<Record<NamedRole, string>> = {
  snapshot: 'snapshot',
  timestamp: 'timestamp',
  director: 'order',
}

const lifetimes: Readonly<Record<NamedRole, Lifetime>> = {
  snapshot: 'snapshot',
  timestamp: 'timestamp',
  director: 'order',
}

/** Clocks of two processes of one machine are the same clock; a minute is for work in between. */
const slackMs = 60_000

/** Reads `payload` as what `role` may sign, or refuses it. */
export function commitmentOf(role: Role, payload: Uint8Array, now: Date): Commitment {
  return role === 'log'
    ? orMalformed(() => checkpointCommitment(payload))
    : datedCommitment(role, payload, now)
}

function datedCommitment(role: NamedRole, payload: Uint8Array, now: Date): Commitment {
  const read = parsed(payload)
  refuseForeign(role, read)
  const commitment = orMalformed(() => rules[role](payload, read))
  refuseLongLife(role, commitment.expires, now)
  return commitment
}

export function parseRole(name: unknown): Role {
  return find(roles, name)
}

export function parseNamedRole(name: unknown): NamedRole {
  return find(namedRoles, name)
}

function find<R extends Role>(among: readonly R[], name: unknown): R {
  const role = among.find(one => one === name)
  if (role) return role
  throw new SignerError(
    'signer/unknown-role',
    `cannot sign for ${JSON.stringify(name)}: no such role here`,
  )
}

/** A checkpoint's text, as a log writes it: extensions mean nothing here, so none are signed. */
function checkpointCommitment(payload: Uint8Array): Commitment {
  const { origin, size, root, extensions } = parseCheckpoint(fromUtf8(payload))
  if (extensions.length > 0) {
    throw new SignerError('signer/malformed', 'cannot sign a checkpoint with extensions')
  }
  return { floor: logFloor(origin), number: size, content: toHex(root), message: payload }
}

/** The floor of a log: the size of the largest tree that was signed under its origin. */
export function logFloor(origin: string): string {
  return `log/${origin}`
}

/** The signed part alone is given; a file with signatures of its own is not what gets signed. TUF §4.2 */
function metadataCommitment(
  type: 'snapshot' | 'timestamp',
  payload: Uint8Array,
  read: Json,
): DatedCommitment {
  const { signed, message } = parseMetadata(type, toCanonical({ signatures: [], signed: read }))
  if (Buffer.compare(message, payload) !== 0) {
    throw new SignerError('signer/malformed', `cannot sign ${type}: not in its canonical form`)
  }
  return { floor: type, number: signed.version, expires: signed.expires, message }
}

function refuseForeign(role: NamedRole, read: Json): void {
  const found = isJsonObject(read) ? (read._type ?? read.type) : undefined
  if (found === types[role]) return
  const message = `cannot sign ${JSON.stringify(found ?? null)} as ${role}: it signs ${types[role]} alone`
  throw new SignerError('signer/foreign-type', message, { role })
}

/** A stolen web process must not get a signature that outlives its discovery. */
function refuseLongLife(role: NamedRole, expires: Date, now: Date): void {
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
