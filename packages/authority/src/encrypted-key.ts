import { createCipheriv, scryptSync } from 'node:crypto'
import { fromHex } from '@steadfleet/base'

/** Random bytes that an encryption is made with: never the same twice. */
export interface FreshBytes {
  /** 16 bytes. */
  readonly salt: Uint8Array
  /** 16 bytes. */
  readonly iv: Uint8Array
}

/**
 * 16 MiB of memory for each try, five times over: the most that OpenSSL opens by default. RFC 7914 §2
 */
const cost = { N: 16_384, r: 8, p: 5 }

const identifiers = {
  pbes2: '2a864886f70d01050d', // RFC 8018 §A.4
  scrypt: '2b06010401da47040b', // RFC 7914 §7
  aes256: '60864801650304012a', // NIST: aes256-CBC
}

/** A PKCS#8 key as EncryptedPrivateKeyInfo in PEM: PBES2, scrypt, AES-256-CBC. RFC 5958 §3 */
export function toEncryptedPem(
  pkcs8: Uint8Array,
  passphrase: string,
  { salt, iv }: FreshBytes,
): string {
  const key = scryptSync(passphrase.normalize('NFC'), salt, 32, { ...cost, maxmem: 64 << 20 })
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const sealed = Buffer.concat([cipher.update(pkcs8), cipher.final()])
  const derivation = sequence(
    identifier(identifiers.scrypt),
    sequence(octets(salt), integer(cost.N), integer(cost.r), integer(cost.p)),
  )
  const scheme = sequence(identifier(identifiers.aes256), octets(iv))
  const algorithm = sequence(identifier(identifiers.pbes2), sequence(derivation, scheme))
  return toPem('ENCRYPTED PRIVATE KEY', sequence(algorithm, octets(sealed)))
}

/** Whether a PEM file needs a passphrase. */
export function isEncryptedPem(pem: string): boolean {
  return pem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----')
}

/** RFC 7468 §3: lines of 64 characters. */
function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return tagged(0x30, Buffer.concat(parts))
}

function identifier(hex: string): Uint8Array {
  return tagged(0x06, fromHex(hex))
}

function octets(bytes: Uint8Array): Uint8Array {
  return tagged(0x04, bytes)
}

/** A number above zero; a leading zero keeps it so where its first bit is set. X.690 §8.3 */
function integer(value: number): Uint8Array {
  const hex = value.toString(16)
  const bytes = fromHex(hex.length % 2 === 0 ? hex : `0${hex}`)
  return tagged(0x02, (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes]))
}

/** Nothing in a key file is longer than 65,535 bytes. X.690 §8.1.3 */
function tagged(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content
  const short = length < 0x80 ? [length] : [0x81, length]
  const head = length < 0x100 ? short : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...head), content])
}
