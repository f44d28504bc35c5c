import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import {
  fromBase64Url,
  isJsonObject,
  parseStrictJson,
  toCanonical,
  toDocument,
} from '@steadfleet/base'
import { type DeviceId, deviceIdOf } from '@steadfleet/domain'
import { type Envelope, ed25519Key, keyIdOf, preAuthenticationEncoding } from '@steadfleet/trust'
import { type Copies, copiesOf, readCopies, writeCopies } from '../disk/copies.ts'
import type { Paths } from '../disk/paths.ts'
import { AgentError } from '../error.ts'
import type { Enrolment } from './enrolment.ts'

/** Who this device is: its key signs every request and every report. */
export interface Identity {
  readonly device: DeviceId
  readonly publicKey: Uint8Array
  sign(bytes: Uint8Array): Promise<Uint8Array>
  /** A document as a DSSE envelope. */
  seal(payloadType: string, document: unknown): Promise<Envelope>
}

/** The fixed DER prefix of an Ed25519 PKCS #8 key; its 32-byte seed follows. RFC 8410 §7 */
const prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

export function identityFromSeed(seed: Uint8Array): Identity {
  const der = Buffer.concat([prefix, seed])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const publicKey = rawPublicKey(key)
  const device = deviceIdOf(publicKey)
  // Requests name the device; in an envelope a key is named as everywhere in signed documents.
  const keyid = keyIdOf(ed25519Key(publicKey))
  const signBytes = async (bytes: Uint8Array) => new Uint8Array(sign(null, bytes, key))
  return {
    device,
    publicKey,
    sign: signBytes,
    async seal(payloadType, document) {
      const payload = toDocument(document)
      const sig = await signBytes(preAuthenticationEncoding(payloadType, payload))
      const signature = { keyid, sig: Buffer.from(sig).toString('base64') }
      return {
        payloadType,
        payload: Buffer.from(payload).toString('base64'),
        signatures: [signature],
      }
    },
  }
}

function rawPublicKey(key: KeyObject): Uint8Array {
  const { x } = createPublicKey(key).export({ format: 'jwk' })
  return fromBase64Url(x ?? '')
}

/** The device's key; made from `seed` where there is none yet, and never sent anywhere. */
export async function openIdentity(paths: Paths, seed: Uint8Array): Promise<Identity> {
  const { value } = await readCopies(keyCopies(paths), toIdentity)
  if (value) return value
  await writeCopies(keyCopies(paths), seed)
  return identityFromSeed(seed)
}

/** Written last: without it the device has not joined, and may try again with the same key. */
export function writeEnrolment(paths: Paths, enrolment: Enrolment): Promise<void> {
  return writeCopies(enrolmentCopies(paths), toCanonical(enrolment))
}

/** The fleet that the device belongs to, where it has joined one. */
export async function readEnrolment(paths: Paths): Promise<Enrolment | undefined> {
  return (await readCopies(enrolmentCopies(paths), toEnrolment)).value
}

/** The key and enrolment of a device that has joined. */
export async function readIdentity(
  paths: Paths,
): Promise<{ identity: Identity; enrolment: Enrolment }> {
  const { value: identity } = await readCopies(keyCopies(paths), toIdentity)
  const enrolment = await readEnrolment(paths)
  if (identity && enrolment?.device === identity.device) return { identity, enrolment }
  const message = `cannot run from ${paths.root}: it has not joined a fleet`
  throw new AgentError('agent/not-joined', message, { directory: paths.root })
}

function keyCopies(paths: Paths): Copies {
  return copiesOf(paths.deviceKey, 3, 0o600)
}

function enrolmentCopies(paths: Paths): Copies {
  return copiesOf(paths.enrolment, 3, 0o600)
}

function toIdentity(seed: Uint8Array): Identity {
  if (seed.length === 32) return identityFromSeed(seed)
  throw new AgentError('agent/not-joined', 'cannot read the device key: not 32 bytes')
}

/** Written whole by this program into a directory of its own, and held against its digest. */
function toEnrolment(body: Uint8Array): Enrolment {
  const json = parseStrictJson(body)
  if (isJsonObject(json) && json.device !== undefined) return json as unknown as Enrolment
  throw new AgentError('agent/not-joined', 'cannot read the enrolment: it names no device')
}
