import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Signer, signerFromPem } from '@steadfleet/authority'
import { SignerError } from './error.ts'
import { type Role, roles } from './rules.ts'

export type Keyring = Readonly<Record<Role, Signer>>

/** The keys `ROLE.pem` of a folder; a file that others may read is refused. */
export async function readKeyring(folder: string): Promise<Keyring> {
  const keys = await Promise.all(
    roles.map(async role => [role, await readKey(join(folder, `${role}.pem`))] as const),
  )
  return Object.fromEntries(keys) as Keyring
}

async function readKey(path: string): Promise<Signer> {
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0) {
    throw new SignerError('signer/key', `cannot use ${path}: others may read it (want mode 0600)`)
  }
  return signerFromPem(await readFile(path, 'utf8'))
}
