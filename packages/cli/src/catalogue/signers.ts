import type { Signer } from '@steadfleet/authority'
import { keyIdOf, type SigningRole } from '@steadfleet/trust'
import { CliError } from '../error.ts'
import { type Home, keyFolder } from '../fleet/home.ts'
import { listKeys, readSigner } from '../keys/key-file.ts'

/** As many signers of a role as its threshold asks for, from the keys on this machine. */
export async function signersAmong(
  home: Home,
  what: string,
  { keys, threshold }: SigningRole,
): Promise<Signer[]> {
  const named = new Set(keys.map(keyIdOf))
  const files = (await listKeys(keyFolder(home))).filter(({ keyid }) => named.has(keyid))
  if (files.length < threshold) {
    const message = `cannot sign for ${what}: ${files.length} of ${threshold} keys are in ${keyFolder(home)}`
    throw new CliError('cli/key', message, { threshold, found: files.length })
  }
  return Promise.all(files.slice(0, threshold).map(({ file }) => readSigner(file, home.passphrase)))
}
