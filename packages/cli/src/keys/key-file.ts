import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  isEncryptedPem,
  publicKeyFromPem,
  type Signer,
  signerFromPem,
  signerFromSeed,
  toEncryptedPkcs8Pem,
  toPkcs8Pem,
  toPublicPem,
} from '@steadfleet/authority'
import { isCoded } from '@steadfleet/base'
import { keyIdOf, type PublicKey } from '@steadfleet/trust'
import { CliError } from '../error.ts'
import type { World } from '../world.ts'
import type { Passphrase } from './passphrase.ts'

/** How key files are kept from who finds them. */
export type Protection = 'unencrypted' | { readonly passphrase: string }

/** A pair of files, `NAME.pem` and `NAME.pub`, as anyone who may list the folder sees it. */
export interface KeyFile {
  readonly name: string
  readonly file: string
  readonly key: PublicKey
  readonly keyid: string
  readonly isEncrypted: boolean
}

/** Makes the folder of keys its owner's alone. */
export async function makeKeyFolder(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await chmod(directory, 0o700)
}

/** Writes the key of a seed and, beside it, the public key that may go anywhere; never over another. */
export async function writeKey(
  directory: string,
  { name, seed }: { readonly name: string; readonly seed: Uint8Array },
  protection: Protection,
  random: World['random'],
): Promise<KeyFile> {
  const file = join(directory, `${name}.pem`)
  if (existsSync(file)) {
    throw new CliError('cli/exists', `cannot make the key ${name}: ${file} is there`, { file })
  }
  const isEncrypted = protection !== 'unencrypted'
  const pem = isEncrypted
    ? toEncryptedPkcs8Pem(seed, protection.passphrase, { salt: random(16), iv: random(16) })
    : toPkcs8Pem(seed)
  const { key, keyid } = signerFromSeed(seed)
  await writeFile(file, pem, { mode: 0o600, flag: 'wx' })
  await writeFile(publicFile(file), toPublicPem(key))
  return { name, file, key, keyid, isEncrypted }
}

/** The signer of a key file; a passphrase is asked for only where it is encrypted. */
export async function readSigner(file: string, passphrase: Passphrase): Promise<Signer> {
  const pem = await readKeyText(file)
  try {
    return signerFromPem(pem, isEncryptedPem(pem) ? await passphrase() : undefined)
  } catch (cause) {
    if (!isCoded(cause, 'authority/passphrase') && !isCoded(cause, 'authority/key')) throw cause
    const code = isCoded(cause, 'authority/key') ? 'cli/key' : 'cli/passphrase'
    const why = cause.message.replace(/^cannot [^:]*: /, '')
    throw new CliError(code, `cannot use the key ${file}: ${why}`, { file }, { cause })
  }
}

/** The public key of a file, be it a public one or a pair of which the public file is there. */
export async function readPublicKey(file: string): Promise<PublicKey> {
  const path = file.endsWith('.pem') && existsSync(publicFile(file)) ? publicFile(file) : file
  return publicKeyFromPem(await readKeyText(path))
}

/** Every key of a folder whose public half is known without a passphrase, by name. */
export async function listKeys(directory: string): Promise<KeyFile[]> {
  const names = (await readdir(directory)).filter(name => name.endsWith('.pem')).sort()
  return Promise.all(names.map(name => describeKey(join(directory, name), name.slice(0, -4))))
}

async function describeKey(file: string, name: string): Promise<KeyFile> {
  const pem = await readKeyText(file)
  const isEncrypted = isEncryptedPem(pem)
  const isAlone = !existsSync(publicFile(file))
  const key = isAlone && !isEncrypted ? signerFromPem(pem).key : await readPublicKey(file)
  return { name, file, key, keyid: keyIdOf(key), isEncrypted }
}

function publicFile(file: string): string {
  return file.replace(/\.pem$/, '.pub')
}

async function readKeyText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new CliError(
      'cli/key',
      `cannot use the key ${file}: it cannot be read`,
      { file },
      { cause },
    )
  }
}
