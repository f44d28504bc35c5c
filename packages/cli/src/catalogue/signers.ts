import type { Signer } from '@steadfleet/authority'
import { keyIdOf, type SigningRole } from '@steadfleet/trust'
import { CliError } from '../error.ts'
import { type Home, keyFolder } from '../fleet/home.ts'
import { listKeys, readSigner } from '../keys/key-file.ts'

/** As many signers of a role as its threshold asks for, from the keys on this machine. */
export async function signersAmong(home: Home, what: string, role: SigningRole): Promise<Signer[]> {
  const { threshold } = role
  const signers = await signersHere(home, role)
  if (signers.length >= threshold) return signers
  const message = `cannot sign for ${what}: ${signers.length} of ${threshold} keys are in ${keyFolder(home)}`
  const hint = 'have the others sign a draft: steadfleet policy begin'
  throw new CliError('cli/key', message, { threshold, found: signers.length, hint })
}

/** The signers of a role whose keys are on this machine, and no more of them than it asks for. */
export async function signersHere(home: Home, { keys, threshold }: SigningRole): Promise<Signer[]> {
  const named = new Set(keys.map(keyIdOf))
  const files = (await listKeys(keyFolder(home))).filter(({ keyid }) => named.has(keyid))
  return Promise.all(files.slice(0, threshold).map(({ file }) => readSigner(file, home.passphrase)))
}
