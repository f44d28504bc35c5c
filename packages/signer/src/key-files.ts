import { randomBytes } from 'node:crypto'
import { open, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Signer, signerFromPem, toPkcs8Pem } from '@steadfleet/authority'
import { SignerError } from './error.ts'

/** The key of a role, and the one that waits for a root to name it. */
export interface Held {
  readonly current: Signer
  readonly next: Signer | undefined
}

/** A role by the name of its files, and the ids of the keys that the root in force has for it. */
export interface NamedKeys {
  readonly role: string
  readonly named: ReadonlySet<string>
}

/**
 * The keys of a role in a folder, `ROLE.pem` and `ROLE.next.pem`. A key that waited and is named now is
 * moved over the old one, which is gone for good by that.
 */
export async function readHeld(folder: string, { role, named }: NamedKeys): Promise<Held> {
  const file = keyFile(folder, role)
  const waiting = nextFile(folder, role)
  const next = await ifThere(readKey(waiting))
  if (next && named.has(next.keyid)) {
    await rename(waiting, file)
    await sync(folder)
    return { current: next, next: undefined }
  }
  return { current: await readKey(file), next }
}

/** The newest key that the root names; a key that no root names never signs. */
export function signerNamed({ current, next }: Held, { role, named }: NamedKeys): Signer {
  const found = [next, current].find(one => one && named.has(one.keyid))
  if (found) return found
  const message = `cannot sign for ${role}: the root names no key that is held here`
  throw new SignerError('signer/not-named', message, { role, held: current.keyid })
}

/** Written whole under another name first: a crash leaves no half of a key. */
export async function makeKey(path: string): Promise<Signer> {
  const pem = toPkcs8Pem(new Uint8Array(randomBytes(32)))
  await writeFile(`${path}.new`, pem, { mode: 0o600, flush: true })
  await rename(`${path}.new`, path)
  await sync(join(path, '..'))
  return signerFromPem(pem)
}

/** The signer of a file; one that others may read is refused. */
export async function readKey(path: string): Promise<Signer> {
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0) {
    throw new SignerError('signer/key', `cannot use ${path}: others may read it (want mode 0600)`)
  }
  return signerFromPem(await readFile(path, 'utf8'))
}

export function keyFile(folder: string, role: string): string {
  return join(folder, `${role}.pem`)
}

export function nextFile(folder: string, role: string): string {
  return join(folder, `${role}.next.pem`)
}

/** What is read, or undefined where there is nothing. */
export async function ifThere<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder)
  await handle.sync()
  await handle.close()
}
