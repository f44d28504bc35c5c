import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Signer, signerFromPem } from '@steadfleet/authority'
import { SignerError } from './error.ts'
import { type Role, roles } from './rules.ts'

/** The keys that this signer holds. Only that of a log may be missing, and then there is no log. */
export interface Keyring {
  readonly signers: Readonly<Partial<Record<Role, Signer>>>
  /** The one log whose checkpoints are signed: from the file `log.origin`, beside the log's key. */
  readonly origin: string | undefined
}

/** The keys `ROLE.pem` of a folder; a file that others may read is refused. */
export async function readKeyring(folder: string): Promise<Keyring> {
  const origin = (await ifThere(readFile(join(folder, 'log.origin'), 'utf8')))?.trim()
  const held = roles.filter(role => role !== 'log' || origin !== undefined)
  const keys = await Promise.all(
    held.map(async role => [role, await readKey(join(folder, `${role}.pem`))] as const),
  )
  return { signers: Object.fromEntries(keys), origin }
}

async function readKey(path: string): Promise<Signer> {
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0) {
    throw new SignerError('signer/key', `cannot use ${path}: others may read it (want mode 0600)`)
  }
  return signerFromPem(await readFile(path, 'utf8'))
}

async function ifThere<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
}
