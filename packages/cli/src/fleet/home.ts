import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Signer } from '@steadfleet/authority'
import { DigestSchema, FleetName, object, PublisherName, parserOf } from '@steadfleet/domain'
import { type Static, Type } from 'typebox'
import { CliError } from '../error.ts'
import { readSigner } from '../keys/key-file.ts'
import { noPassphrase, type Passphrase } from '../keys/passphrase.ts'
import type { World } from '../world.ts'

/** `steadfleet.json`: what the command line knows of a fleet that it looks after. */
export const HomeFile = object({
  /** Origin of the server, as `http://127.0.0.1:8420`. */
  server: Type.String({ pattern: '^https?://[^/]+$' }),
  fleet: FleetName,
  publisher: PublisherName,
  /** Of the catalogue's first root: what this machine's trust in the catalogue begins with. */
  catalogueRoot: DigestSchema,
  /** Of the first owner root: what this machine's trust in the owner's own statements begins with. */
  ownerRoot: DigestSchema,
  /** The folder of the keys, relative to this file or absolute. */
  keys: Type.String({ minLength: 1 }),
})
export type HomeFile = Static<typeof HomeFile>
const parseHomeFile = parserOf('steadfleet.json', HomeFile)

/** The folder of a fleet, open for use. */
export interface Home extends HomeFile {
  readonly directory: string
  /** Of the keys that are encrypted. */
  readonly passphrase: Passphrase
}

/** The folder that a call is about: `--dir`, else STEADFLEET_DIR, else `.steadfleet` here. */
export function homeDirectory(world: World, given: string | undefined): string {
  return resolve(world.directory, given ?? world.environment.STEADFLEET_DIR ?? '.steadfleet')
}

/** Opens a folder that `init` made. */
export async function openHome(
  directory: string,
  passphrase: Passphrase = noPassphrase,
): Promise<Home> {
  const file = join(directory, 'steadfleet.json')
  if (!existsSync(file)) {
    const message = `cannot find a fleet in ${directory}: it has no steadfleet.json`
    throw new CliError('cli/no-home', message, { directory })
  }
  return { directory, passphrase, ...parseHomeFile(JSON.parse(await readFile(file, 'utf8'))) }
}

/** Writes what changed, as the address that the server was given. */
export async function saveHome({ directory, passphrase: _, ...file }: Home): Promise<void> {
  await mkdir(directory, { recursive: true })
  const text = `${JSON.stringify(parseHomeFile(file), null, 2)}\n`
  await writeFile(join(directory, 'steadfleet.json'), text)
}

/** The folder of the fleet's keys. */
export function keyFolder(home: Pick<Home, 'directory' | 'keys'>): string {
  return resolve(home.directory, home.keys)
}

/** The key that signs this person's requests. */
export function operatorKey(home: Home): Promise<Signer> {
  return readSigner(join(keyFolder(home), 'operator.pem'), home.passphrase)
}

/** The key that signs the provenance of what this machine builds: another one's file, or the fleet's. */
export function builderKey(home: Home, file?: string): Promise<Signer> {
  return readSigner(file ?? join(keyFolder(home), 'builder.pem'), home.passphrase)
}

/** The key that signs the publisher's releases; it never leaves this machine. */
export function publisherKey(home: Home): Promise<Signer> {
  return readSigner(join(keyFolder(home), `publisher-${home.publisher}.pem`), home.passphrase)
}
