import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Signer } from '@steadfleet/authority'
import type { PublicKey } from '@steadfleet/trust'
import { SignerError } from './error.ts'
import {
  type Held,
  ifThere,
  makeKey,
  nextFile,
  readHeld,
  readKey,
  signerNamed,
} from './key-files.ts'
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

/** Opens the keys `ROLE.pem` and `ROLE.next.pem` of a folder; a file that others may read is refused. */
export async function openKeyring(folder: string, data: string): Promise<Keyring> {
  const origin = (await ifThere(readFile(join(folder, 'log.origin'), 'utf8')))?.trim()
  const log = origin === undefined ? undefined : await readKey(join(folder, 'log.pem'))
  let roots = await readRoots(data)
  let offered: Roots | undefined
  let held = await heldUnder(folder, roots)
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
      held = await heldUnder(folder, roots)
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

function signerUnder(roots: Roots, role: NamedRole, held: Held): Signer {
  return signerNamed(held, { role, named: namedBy(roots, role) })
}

async function heldUnder(folder: string, roots: Roots): Promise<Readonly<Record<NamedRole, Held>>> {
  const rows = namedRoles.map(
    async role => [role, await readHeld(folder, { role, named: namedBy(roots, role) })] as const,
  )
  return Object.fromEntries(await Promise.all(rows)) as Record<NamedRole, Held>
}
