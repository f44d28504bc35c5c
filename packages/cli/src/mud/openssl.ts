import { spawn } from 'node:child_process'
import {
  checkingWords,
  refuseUnsigned,
  type SignaturePaths,
  type SigningPaths,
  signingWords,
} from '@steadfleet/confine/mud'
import { CliError } from '../error.ts'

/** Signs a MUD file; OpenSSL itself asks for the key’s passphrase. Error: `cli/process`. */
export async function signFile(paths: SigningPaths): Promise<void> {
  const { status, said } = await openssl(signingWords(paths))
  if (status === 0) return
  const line = said.split('\n').find(one => one.trim() !== '') ?? `exit ${status}`
  throw new CliError('cli/process', `cannot sign ${paths.file}: openssl says ${line.slice(0, 200)}`)
}

/** Errors: `confine/signature`, `confine/signer-expired`. */
export async function checkSignature(
  paths: SignaturePaths,
  signers: string,
  now: Date,
): Promise<void> {
  refuseUnsigned(paths.file, await openssl(checkingWords(paths, signers, now)))
}

function openssl(words: readonly string[]): Promise<{ status: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('openssl', words, { stdio: ['inherit', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 10_000) said += text
    })
    child.once('error', cause => {
      const hint = 'install the package openssl'
      reject(new CliError('cli/process', 'cannot start openssl', { hint }, { cause }))
    })
    child.once('close', status => resolve({ status, said }))
  })
}
