import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { fromBase64Url, fromHex, toBase64Url } from '@steadfleet/base'
import { ed25519Key, keyIdOf, type PublicKey, refuseWeakKey } from '@steadfleet/trust'
import { type FreshBytes, isEncryptedPem, toEncryptedPem } from './encrypted-key.ts'
import { AuthorityError } from './error.ts'

/** Something that signs for one key. Asynchronous: the key may live in a token or another process. */
export interface Signer {
  readonly key: PublicKey
  readonly keyid: string
  sign(bytes: Uint8Array): Promise<Uint8Array>
}

/** A signer for the Ed25519 key that grows from a seed of 32 bytes. RFC 8032 §5.1.5 */
export function signerFromSeed(seed: Uint8Array): Signer {
  return signerFromKey(keyFromSeed(seed))
}

/** A signer for the Ed25519 key in a PKCS#8 PEM file, with its passphrase where it is encrypted. */
export function signerFromPem(pem: string, passphrase?: string): Signer {
  return signerFromKey(keyFromPem(pem, passphrase))
}

/** The key of a seed as PKCS#8 PEM, unencrypted: whoever writes it must guard the file. */
export function toPkcs8Pem(seed: Uint8Array): string {
  return keyFromSeed(seed).export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** The key of a seed as encrypted PKCS#8 PEM. */
export function toEncryptedPkcs8Pem(
  seed: Uint8Array,
  passphrase: string,
  fresh: FreshBytes,
): string {
  const pkcs8 = keyFromSeed(seed).export({ type: 'pkcs8', format: 'der' })
  return toEncryptedPem(new Uint8Array(pkcs8), passphrase, fresh)
}

/** A public key as a PEM file that anyone may have. */
export function toPublicPem(key: PublicKey): string {
  const x = toBase64Url(fromHex(key.keyval.public))
  const own = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return own.export({ type: 'spki', format: 'pem' }).toString()
}

/** The public key in a PEM file: Ed25519 alone, and none that signs for anybody. */
export function publicKeyFromPem(pem: string): PublicKey {
  const isPublic = pem.includes('-----BEGIN PUBLIC KEY-----')
  if (!isPublic) throw new AuthorityError('authority/key', 'cannot read PEM: not a public key')
  const key = readPublicPem(pem)
  const raw = fromBase64Url(key.export({ format: 'jwk' }).x ?? '')
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new AuthorityError('authority/key', 'cannot take this PEM: not an Ed25519 key')
  }
  refuseWeakKey(raw)
  return ed25519Key(raw)
}

/** The raw public key of a signer, 32 bytes. */
export function rawPublicKey(signer: Pick<Signer, 'key'>): Uint8Array {
  return fromHex(signer.key.keyval.public)
}

function signerFromKey(secret: KeyObject): Signer {
  const { x } = createPublicKey(secret).export({ format: 'jwk' })
  const key = ed25519Key(fromBase64Url(x ?? ''))
  return {
    key,
    keyid: keyIdOf(key),
    sign: async bytes => new Uint8Array(sign(null, bytes, secret)),
  }
}

/** RFC 8410 §7: the fixed beginning of an Ed25519 private key. */
const pkcs8Prefix = fromHex('302e020100300506032b657004220420')

function keyFromSeed(seed: Uint8Array): KeyObject {
  if (seed.length !== 32) {
    throw new AuthorityError('authority/key', `cannot make a key of a ${seed.length}-byte seed`)
  }
  const key = Buffer.concat([pkcs8Prefix, seed])
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}

function keyFromPem(pem: string, passphrase: string | undefined): KeyObject {
  const key = isEncryptedPem(pem) ? readEncryptedPem(pem, passphrase) : readPem(pem)
  if (key.asymmetricKeyType === 'ed25519') return key
  throw new AuthorityError('authority/key', 'cannot sign with this PEM: not an Ed25519 key')
}

function readPem(pem: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem' })
  } catch (cause) {
    const message = 'cannot read PEM as an unencrypted private key'
    throw new AuthorityError('authority/key', message, {}, { cause })
  }
}

function readEncryptedPem(pem: string, passphrase: string | undefined): KeyObject {
  if (passphrase === undefined) {
    const message = 'cannot open key: it is encrypted, and no passphrase was given'
    throw new AuthorityError('authority/passphrase', message)
  }
  try {
    return createPrivateKey({ key: pem, format: 'pem', passphrase: passphrase.normalize('NFC') })
  } catch (cause) {
    const message = 'cannot open key: the passphrase does not fit, or the file is damaged'
    throw new AuthorityError('authority/passphrase', message, {}, { cause })
  }
}

function readPublicPem(pem: string): KeyObject {
  try {
    return createPublicKey({ key: pem, format: 'pem' })
  } catch (cause) {
    throw new AuthorityError('authority/key', 'cannot read PEM as a public key', {}, { cause })
  }
}
