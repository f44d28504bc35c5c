import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { NewPasskey, PasskeyAnswer } from '@steadfleet/protocol'

interface Question {
  readonly challenge: string
}

/** An authenticator in software: an ES256 key that answers as one in hardware does. WebAuthn §6 */
export interface SoftPasskey {
  readonly id: string
  create(question: Question, says?: Says): NewPasskey
  answer(question: Question, says?: Says): PasskeyAnswer
}

/** What it says other than the truth. */
export interface Says {
  readonly origin?: string
  readonly party?: string
  readonly counter?: number
  /** Bit 0: somebody was present; bit 2: it was unlocked. */
  readonly flags?: number
}

const unlocked = 0b101

export function makeSoftPasskey(origin: string): SoftPasskey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const raw = randomBytes(16)
  const id = raw.toString('base64url')
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  // COSE_Key: kty EC2, alg ES256, crv P-256. RFC 9053 §7.1
  const cose = Buffer.concat([
    Buffer.from('a5010203262001215820', 'hex'),
    Buffer.from(x, 'base64url'),
    Buffer.from('225820', 'hex'),
    Buffer.from(y, 'base64url'),
  ])
  const named = (says: Says) => says.party ?? new URL(origin).hostname
  const client = (type: string, { challenge }: Question, says: Says) =>
    Buffer.from(JSON.stringify({ type, challenge, origin: says.origin ?? origin }))
  const common = { id, rawId: id, type: 'public-key', clientExtensionResults: {} } as const
  return {
    id,
    create(question, says = {}) {
      const length = Buffer.from([0, raw.length])
      const attested = Buffer.concat([Buffer.alloc(16), length, raw, cose])
      const auth = Buffer.concat([authData(named(says), 0x40, says), attested])
      // {"fmt": "none", "attStmt": {}, "authData": bytes}
      const head = Buffer.from('a363666d74646e6f6e656761747453746d74a068617574684461746158', 'hex')
      const attestation = Buffer.concat([head, Buffer.from([auth.length]), auth])
      const clientDataJSON = client('webauthn.create', question, says).toString('base64url')
      const attestationObject = attestation.toString('base64url')
      return { ...common, response: { clientDataJSON, attestationObject } }
    },
    answer(question, says = {}) {
      const clientData = client('webauthn.get', question, says)
      const auth = authData(named(says), 0, says)
      const signed = Buffer.concat([auth, createHash('sha256').update(clientData).digest()])
      const signature = sign('sha256', signed, privateKey).toString('base64url')
      const clientDataJSON = clientData.toString('base64url')
      const authenticatorData = auth.toString('base64url')
      return { ...common, response: { clientDataJSON, authenticatorData, signature } }
    },
  }
}

function authData(party: string, more: number, { flags = unlocked, counter = 1 }: Says): Buffer {
  const count = Buffer.alloc(4)
  count.writeUInt32BE(counter)
  return Buffer.concat([
    createHash('sha256').update(party).digest(),
    Buffer.from([flags | more]),
    count,
  ])
}
