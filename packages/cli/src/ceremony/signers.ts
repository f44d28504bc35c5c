import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Signer } from '@steadfleet/authority'
import { type Call, listOption, type OptionSpec } from '../command.ts'
import { keyFolder } from '../fleet/home.ts'
import { homeOf, passphraseOf } from '../fleet/open.ts'
import { readSigner } from '../keys/key-file.ts'
import { openPassphrase } from '../keys/passphrase.ts'

/** Names who signs. */
export const keyOption: OptionSpec = {
  flags: '--key <key>',
  what: 'a key file, or the name of a key here',
  repeats: true,
}

/** The signers that `--key` names, each a file or a key of the fleet; none where it was not given. */
export async function namedSigners(call: Call): Promise<Signer[]> {
  const passphrase = openPassphrase(passphraseOf(call))
  const signers: Signer[] = []
  for (const key of listOption(call, 'key')) {
    signers.push(await readSigner(await keyFile(call, key), passphrase))
  }
  return signers
}

async function keyFile(call: Call, key: string): Promise<string> {
  const path = resolve(call.world.directory, key)
  return existsSync(path) ? path : join(keyFolder(await homeOf(call)), `${key}.pem`)
}
