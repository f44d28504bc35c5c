import { execFile } from 'node:child_process'
import { checkingWords, refuseUnsigned, type SignaturePaths } from '@steadfleet/confine/mud'
import { GatewayError } from './error.ts'

/** Checks a detached signature with OpenSSL. Errors: `confine/signature`, `confine/signer-expired`. */
export async function checkSignature(
  paths: SignaturePaths,
  signers: string,
  now: Date,
): Promise<void> {
  const end = await openssl(checkingWords(paths, signers, now))
  refuseUnsigned('the MUD file', end)
}

function openssl(words: readonly string[]): Promise<{ status: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    const options = { timeout: 20_000, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } }
    execFile('openssl', [...words], options, (error, _, said) => {
      if (error && typeof error.code !== 'number' && error.code !== null) {
        reject(new GatewayError('gateway/kernel', 'cannot check signatures: there is no openssl'))
      } else resolve({ status: error ? 1 : 0, said: `${said}` })
    })
  })
}
