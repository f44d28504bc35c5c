import { execFileSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, digestOf } from '@steadfleet/base'

/** A key of TLS with a certificate that nobody vouches for. */
export interface TestKey {
  readonly key: string
  readonly certificate: string
  readonly digest: Digest
}

export function makeTestKey(folder: string, name: string): TestKey {
  const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)]
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '9']
  const who = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const words = ['req', '-x509', ...made, ...who, '-keyout', key, '-out', certificate]
  execFileSync('openssl', words, { stdio: 'pipe' })
  const der = createPublicKey(readFileSync(certificate)).export({ type: 'spki', format: 'der' })
  return { key, certificate, digest: digestOf(der) }
}
