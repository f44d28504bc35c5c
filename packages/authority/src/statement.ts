import { type Json, toBase64, toCanonical, toDocument } from '@steadfleet/base'
import { toTimestamp } from '@steadfleet/domain'
import {
  type Envelope,
  keyIdOf,
  type ModelStatement,
  type Order,
  type OwnerRoot,
  preAuthenticationEncoding,
  type SigningRole,
  type TrustPolicy,
} from '@steadfleet/trust'
import { expiryOf } from './lifetime.ts'
import { toRoleRow } from './role.ts'
import type { Signer } from './signer.ts'

/** A DSSE envelope over the canonical form of `value`, in which moments and maps are written as JSON. */
export async function signStatement(
  payloadType: string,
  value: object,
  signers: readonly Signer[],
): Promise<Envelope> {
  return signPayload(payloadType, toStatementBytes(value), signers)
}

/** A DSSE envelope over exact bytes. */
export async function signPayload(
  payloadType: string,
  payload: Uint8Array,
  signers: readonly Signer[],
): Promise<Envelope> {
  const message = preAuthenticationEncoding(payloadType, payload)
  const signatures = await Promise.all(
    signers.map(async signer => ({
      keyid: signer.keyid,
      sig: toBase64(await signer.sign(message)),
    })),
  )
  return { payloadType, payload: toBase64(payload), signatures }
}

/** A statement as the bytes that are signed or stored: canonical JSON that can be read back. */
export function toStatementBytes(value: object): Uint8Array {
  return toDocument(toJson(value))
}

/** An envelope as the bytes of its file, whose digest enrolment tokens carry. */
export function toEnvelopeBytes(envelope: Envelope): Uint8Array {
  return toCanonical(envelope)
}

/** An owner root: who may sign for the owner, and who may order for it. */
export function makeOwnerRoot(
  version: number,
  roles: Readonly<Record<'root' | 'director', SigningRole>>,
  now: Date,
): OwnerRoot {
  const keys = [...roles.root.keys, ...roles.director.keys]
  return {
    type: 'owner-root',
    version,
    expires: expiryOf('owner-root', now),
    keys: new Map(keys.map(key => [keyIdOf(key), key])),
    roles: {
      root: toRoleRow('owner root', roles.root),
      director: toRoleRow('director', roles.director),
    },
  }
}

/** A trust policy that is good from `now`. */
export function makePolicy(policy: Omit<TrustPolicy, 'type' | 'expires'>, now: Date): TrustPolicy {
  return { type: 'trust-policy', ...policy, expires: expiryOf('policy', now) }
}

/** An order that is good from `now`. */
export function makeOrder(order: Omit<Order, 'type' | 'issued' | 'expires'>, now: Date): Order {
  return { type: 'order', ...order, issued: now, expires: expiryOf('order', now) }
}

/** A model statement. */
export function makeModel(model: Omit<ModelStatement, 'type' | 'format'>): ModelStatement {
  return { type: 'model', format: 1, ...model }
}

/** Moments become text and maps objects; absent members stay absent. */
function toJson(value: unknown): Json {
  if (value instanceof Date) return toTimestamp(value)
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value !== 'object' || value === null) return value as Json
  const members = value instanceof Map ? [...value] : Object.entries(value)
  const present = members.filter(([, member]) => member !== undefined)
  return Object.fromEntries(present.map(([key, member]) => [key, toJson(member)]))
}
