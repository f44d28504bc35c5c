import {
  BytesError,
  fromBase64,
  type Json,
  parseStrictJson,
  StrictJsonError,
  toUtf8,
} from '@steadfleet/base'
import { TrustError } from './error.ts'
import { refuseBelowThreshold, type Signature, type SigningRole } from './key.ts'
import { list, record, text } from './shape.ts'

/** A DSSE envelope as JSON carries it: payload and signatures are canonical base64. */
export interface Envelope {
  readonly payloadType: string
  readonly payload: string
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[]
}

const envelope = record({
  payloadType: text,
  payload: text,
  signatures: list(record({ keyid: text, sig: text })),
})

/** Reads an envelope from parsed JSON; nothing in it is verified yet. DSSE envelope §1 */
export function parseEnvelope(json: Json): Envelope {
  return envelope(json, 'envelope')
}

/** Reads an envelope from the bytes of a file or a reply; nothing in it is verified yet. */
export function parseEnvelopeBytes(bytes: Uint8Array): Envelope {
  return parseEnvelope(readJson(bytes, 'envelope'))
}

/**
 * The payload of an envelope of this type that the role has signed. The payload is parsed only
 * after its signatures hold. DSSE protocol §"Verification"
 */
export function openEnvelope(sealed: Envelope, payloadType: string, role: SigningRole): Json {
  refuseOtherType(sealed, payloadType)
  const payload = payloadOf(sealed)
  const message = preAuthenticationEncoding(payloadType, payload)
  refuseBelowThreshold(payloadType, role, message, sealed.signatures.map(toSignature))
  return readJson(payload, payloadType)
}

/** The payload of an envelope that this program has opened before and kept; nothing is verified. */
export function reopenEnvelope(sealed: Envelope, payloadType: string): Json {
  refuseOtherType(sealed, payloadType)
  return readJson(payloadOf(sealed), payloadType)
}

/** What DSSE signs: `DSSEv1 <type length> <type> <payload length> <payload>`. DSSE §"PAE" */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const typeLength = toUtf8(payloadType).length
  const head = toUtf8(`DSSEv1 ${typeLength} ${payloadType} ${payload.length} `)
  return new Uint8Array(Buffer.concat([head, payload]))
}

/** Strict JSON from bytes; whatever is wrong with them is told as `trust/malformed`. */
export function readJson(bytes: Uint8Array, what: string): Json {
  return orMalformed(what, () => parseStrictJson(bytes))
}

/** Runs a reader of `base` and tells its refusal in this package's words, with the cause. */
export function orMalformed<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof StrictJsonError || cause instanceof BytesError)) throw cause
    const facts = { what, reason: cause.code }
    const message = `cannot read ${what}: ${cause.message}`
    throw new TrustError('trust/malformed', message, facts, { cause })
  }
}

function refuseOtherType(sealed: Envelope, payloadType: string): void {
  if (sealed.payloadType === payloadType) return
  const message = `cannot open envelope: holds ${sealed.payloadType}, not ${payloadType}`
  throw new TrustError('trust/malformed', message)
}

function payloadOf(sealed: Envelope): Uint8Array {
  return orMalformed('payload', () => fromBase64(sealed.payload))
}

function toSignature({ keyid, sig }: { keyid: string; sig: string }): Signature {
  return { keyid, sig: orMalformed('signature', () => fromBase64(sig)) }
}
