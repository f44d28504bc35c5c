import { randomBytes } from 'node:crypto'
import { open, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Signer, signerFromPem, toPkcs8Pem } from '@steadfleet/authority'
import type { PublicKey } from '@steadfleet/trust'
import { SignerError } from './error.ts'
import { namedBy, nextRoots, type Roots, readRoots } from './roots.ts'
import { type NamedRole, namedRoles, type Role } from './rules.ts'

/** The keys that this signer holds. A key signs only while a root names it for its role. */
export interface Keyring {
  /**
   * Who signs for a role: first the key of the root in force; then, while a root is on its way that
   * names another, that one too, so that what is signed holds under both.
   */
  signersOf(role: Role): readonly [Signer, Signer?]
  /** The one log whose checkpoints are signed: from the file `log.origin`, beside the log's key. */
  readonly origin: string | undefined
  keys(): Readonly<Partial<Record<Role, PublicKey>>>
  /** A new key that waits for a root to name it, in the place of one that waited before. */
  makeNext(role: NamedRole): Promise<PublicKey>
  /** Takes note of a root that is about to be in force, if it names only keys that are held. */
  offer(root: Uint8Array): void
  /** Looks which roots are in force now: a key that waited for one takes the old one's place. */
  look(): Promise<void>
}

interface Held {
  readonly current: Signer
  readonly next: Signer | undefined
}

/** Opens the keys `ROLE.pem` and `ROLE.next.pem` of a folder; a file that others may read is refused. */
export async function openKeyring(folder: string, data: string): Promise<Keyring> {
  const origin = (await ifThere(readFile(join(folder, 'log.origin'), 'utf8')))?.trim()
  const log = origin === undefined ? undefined : await readKey(join(folder, 'log.pem'))
  let roots = await readRoots(data)
  let offered: Roots | undefined
  let held = await readHeld(folder, roots)
  return {
    origin,
    signersOf(role) {
      if (role !== 'log') return signersFor(role, held[role], roots, offered)
      if (log) return [log]
      throw new SignerError('signer/unknown-role', 'cannot sign for log: no such key here')
    },
    keys: () => ({
      ...Object.fromEntries(namedRoles.map(role => [role, held[role].current.key])),
      ...(log && { log: log.key }),
    }),
    async makeNext(role) {
      const next = await makeKey(nextFile(folder, role))
      held = { ...held, [role]: { ...held[role], next } }
      return next.key
    },
    offer(root) {
      const step = nextRoots(roots, root)
      for (const role of namedRoles) signerUnder(step, role, held[role])
      offered = step
    },
    async look() {
      roots = await readRoots(data)
      offered = undefined
      held = await readHeld(folder, roots)
    },
  }
}

function signersFor(
  role: NamedRole,
  held: Held,
  roots: Roots,
  offered: Roots | undefined,
): readonly [Signer, Signer?] {
  const signer = signerUnder(roots, role, held)
  const other = offered && signerUnder(offered, role, held)
  return other && other.keyid !== signer.keyid ? [signer, other] : [signer]
}

/** The newest key that the root names; a key that no root names never signs. */
function signerUnder(roots: Roots, role: NamedRole, { current, next }: Held): Signer {
  const named = namedBy(roots, role)
  const found = [next, current].find(one => one && named.has(one.keyid))
  if (found) return found
  const message = `cannot sign for ${role}: the root names no key that is held here`
  throw new SignerError('signer/not-named', message, { role, held: current.keyid })
}

async function readHeld(folder: string, roots: Roots): Promise<Readonly<Record<NamedRole, Held>>> {
  const rows = namedRoles.map(async role => [role, await readOne(folder, roots, role)] as const)
  return Object.fromEntries(await Promise.all(rows)) as Record<NamedRole, Held>
}

/** A key that waited and is named now is moved over the old one, which is gone for good by that. */
async function readOne(folder: string, roots: Roots, role: NamedRole): Promise<Held> {
  const file = join(folder, `${role}.pem`)
  const waiting = nextFile(folder, role)
  const next = await ifThere(readKey(waiting))
  if (next && namedBy(roots, role).has(next.keyid)) {
    await rename(waiting, file)
    await sync(folder)
    return { current: next, next: undefined }
  }
  return { current: await readKey(file), next }
}

/** Written whole under another name first: a crash leaves no half of a key. */
async function makeKey(path: string): Promise<Signer> {
  const pem = toPkcs8Pem(new Uint8Array(randomBytes(32)))
  await writeFile(`${path}.new`, pem, { mode: 0o600, flush: true })
  await rename(`${path}.new`, path)
  await sync(join(path, '..'))
  return signerFromPem(pem)
}

function nextFile(folder: string, role: NamedRole): string {
  return join(folder, `${role}.next.pem`)
}

async function readKey(path: string): Promise<Signer> {
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0) {
    throw new SignerError('signer/key', `cannot use ${path}: others may read it (want mode 0600)`)
  }
  return signerFromPem(await readFile(path, 'utf8'))
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder)
  await handle.sync()
  await handle.close()
}

async function ifThere<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
}
