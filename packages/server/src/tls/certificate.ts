import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Digest, digestOf } from '@steadfleet/base'
import { ServerError } from '../error.ts'

/** The files of TLS that the settings name. */
export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
  /** Keys that may follow: private, public, or in a certificate. */
  readonly next: readonly string[]
}

/** A certificate with its key, read and found to belong together. */
export interface Certificate {
  readonly cert: Buffer
  readonly key: Buffer
  /** The digests of the public keys (SPKI, RFC 5280 §4.1): the one in use, then those that may follow. */
  readonly keys: readonly [Digest, ...Digest[]]
}

/** Reads the files as they are now. Errors: `server/certificate` */
export async function readCertificate(files: CertificateFiles): Promise<Certificate> {
  const cert = await readPem(files.certificate)
  const key = await readPem(files.key)
  const own = parsed(files.key, () => createPrivateKey(key))
  const first = parsed(files.certificate, () => new X509Certificate(cert))
  if (!first.checkPrivateKey(own)) {
    throw unusable(files.key, `it is not the key of ${files.certificate}`)
  }
  const next = await Promise.all(files.next.map(digestOfKeyFile))
  return { cert, key, keys: [digestOfKey(createPublicKey(own)), ...next] }
}

/** The digest of a key in a file of its own: private, public, or in a certificate. */
export async function digestOfKeyFile(path: string): Promise<Digest> {
  const pem = await readPem(path)
  return digestOfKey(parsed(path, () => createPublicKey(pem)))
}

/** What devices know a server's key by. */
function digestOfKey(key: KeyObject): Digest {
  return digestOf(key.export({ type: 'spki', format: 'der' }))
}

async function readPem(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw unusable(path, `it cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause)
  }
}

function parsed<T>(path: string, parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    throw unusable(path, 'it holds no PEM of the kind', cause)
  }
}

function unusable(path: string, why: string, cause?: unknown): ServerError {
  const message = `cannot use ${path} for TLS: ${why}`
  return new ServerError('server/certificate', message, { path }, { cause })
}
