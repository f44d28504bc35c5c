import { ConfineError } from '../error.ts'

/** The files that a signature is about; paths, for OpenSSL. */
export interface SignaturePaths {
  readonly file: string
  readonly signature: string
}

export interface SigningPaths extends SignaturePaths {
  readonly certificate: string
  readonly key: string
  /** Certificates between the signer’s and the one that readers trust. */
  readonly chain?: string
}

/** What OpenSSL is told to sign a file: detached CMS in DER. RFC 8520 §13.1 */
export function signingWords({ file, signature, certificate, key, chain }: SigningPaths): string[] {
  return [
    ...['cms', '-sign', '-binary', '-outform', 'DER', '-md', 'sha256'],
    ...['-signer', certificate, '-inkey', key, '-in', file, '-out', signature],
    ...(chain === undefined ? [] : ['-certfile', chain]),
  ]
}

/** What OpenSSL is told to check a signature, by the signers of one file alone. RFC 8520 §13.2 */
export function checkingWords(
  { file, signature }: SignaturePaths,
  signers: string,
  now: Date,
): string[] {
  return [
    ...['cms', '-verify', '-binary', '-inform', 'DER', '-in', signature, '-content', file],
    ...['-CAfile', signers, '-no-CApath', '-no-CAstore', '-purpose', 'any'],
    ...['-attime', `${Math.floor(now.getTime() / 1000)}`, '-out', '/dev/null'],
  ]
}

/** How OpenSSL ended, and what it said. */
export interface OpensslEnd {
  readonly status: number | null
  readonly said: string
}

/** Refuses a file whose signature OpenSSL did not confirm; errors: `confine/signature`, `confine/signer-expired`. */
export function refuseUnsigned(what: string, { status, said }: OpensslEnd): void {
  if (status === 0) return
  if (/certificate has expired/.test(said)) {
    const message = `cannot trust ${what}: the certificate of its signer has expired`
    throw new ConfineError('confine/signer-expired', message, { what })
  }
  const reason = reasons.find(([pattern]) => pattern.test(said))?.[1] ?? 'it is no signature of it'
  throw new ConfineError('confine/signature', `cannot trust ${what}: ${reason}`, { what })
}

const reasons: readonly (readonly [RegExp, string])[] = [
  [/not yet valid/, 'the certificate of its signer is not valid yet'],
  [/certificate verify error|unable to get|self.signed/i, 'its signer is not one of those trusted'],
  [/content verify error|signature failure/i, 'the file is not the one that was signed'],
]
