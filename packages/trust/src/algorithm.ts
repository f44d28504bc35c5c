import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { fromHex, toHex } from '@steadfleet/base'
import { isEd25519Signature, toEd25519 } from './ed25519.ts'

/** How keys of one type and scheme are spelt, and how their signatures are checked. TUF §4.2 */
interface Algorithm {
  readonly read: (spelling: string) => KeyObject | undefined
  readonly isSigned: (key: KeyObject, message: Uint8Array, sig: Uint8Array) => boolean
}

/** A public key, and the check of a signature by it. */
export interface VerifyingKey {
  /** Its SubjectPublicKeyInfo, re-encoded: one for each key, whatever its id, scheme or spelling. */
  readonly identity: string
  readonly isSigned: (message: Uint8Array, sig: Uint8Array) => boolean
}

const ecdsa: Algorithm = {
  read: spelling => orUndefined(fromPem(spelling), isP256),
  isSigned: (key, message, sig) => verify('sha256', message, key, sig),
}

/**
 * Every kind of key that counts, by `keytype scheme`; a key of any other kind counts for nothing.
 * Our own roles sign with Ed25519; the others are what TUF §4.2 names and what tokens can do.
 */
const algorithms: ReadonlyMap<string, Algorithm> = new Map([
  ['ed25519 ed25519', { read: fromRawHex, isSigned: isEd25519Signature }],
  ['ecdsa ecdsa-sha2-nistp256', ecdsa],
  ['ecdsa-sha2-nistp256 ecdsa-sha2-nistp256', ecdsa],
  ['rsa rsassa-pss-sha256', rsa(constants.RSA_PKCS1_PSS_PADDING)],
  ['rsa rsa-pkcs1v15-sha256', rsa(constants.RSA_PKCS1_PADDING)],
])

/** The key to verify with, or undefined for a kind, spelling or strength that counts for nothing. */
export function toVerifyingKey(
  keytype: string,
  scheme: string,
  spelling: string,
): VerifyingKey | undefined {
  const algorithm = algorithms.get(`${keytype} ${scheme}`)
  const key = algorithm?.read(spelling)
  if (algorithm === undefined || key === undefined) return undefined
  return {
    identity: toHex(key.export({ format: 'der', type: 'spki' })),
    isSigned: (message, sig) => algorithm.isSigned(key, message, sig),
  }
}

/** A salt of any length is taken, since the schemes in use differ in it. RFC 8017 §9.1.2 */
function rsa(padding: number): Algorithm {
  const saltLength = constants.RSA_PSS_SALTLEN_AUTO
  return {
    read: spelling => orUndefined(fromPem(spelling), isStrongRsa),
    isSigned: (key, message, sig) => verify('sha256', message, { key, padding, saltLength }, sig),
  }
}

function fromRawHex(spelling: string): KeyObject | undefined {
  return /^[0-9a-f]{64}$/.test(spelling) ? toEd25519(fromHex(spelling)) : undefined
}

/** RFC 7468 §13, no longer than an RSA key of 8,192 bits: a private key or a certificate is none. */
const pem =
  /^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/\n]{1,1600}={0,2}\n)-----END PUBLIC KEY-----\n?$/

function fromPem(spelling: string): KeyObject | undefined {
  const body = pem.exec(spelling)?.[1]
  if (body === undefined) return undefined
  try {
    const key = Buffer.from(body, 'base64')
    return createPublicKey({ key, format: 'der', type: 'spki' })
  } catch {
    // The other way: like any key that this reader cannot read, it counts for nothing.
    return undefined
  }
}

function orUndefined(
  key: KeyObject | undefined,
  isGood: (key: KeyObject) => boolean,
): KeyObject | undefined {
  return key !== undefined && isGood(key) ? key : undefined
}

function isP256({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1'
}

/** Strong enough, and bounded, so that no key makes a check slow. NIST SP 800-131A */
function isStrongRsa({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails ?? {}
  const isSized = modulusLength >= 2048 && modulusLength <= 8192
  return asymmetricKeyType === 'rsa' && isSized && publicExponent === 65_537n
}
