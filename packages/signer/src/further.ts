import { chmod, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Signer } from '@steadfleet/authority'
import { acceptRoot, keyIdOf, parseMetadata, type Root, topRole } from '@steadfleet/trust'
import { SignerError } from './error.ts'
import {
  type Held,
  ifThere,
  keyFile,
  makeKey,
  type NamedKeys,
  nextFile,
  readHeld,
  readKey,
  signerNamed,
} from './key-files.ts'
import { firstRoot, readCatalogueRoot } from './roots.ts'

const furtherRoles = ['snapshot', 'timestamp'] as const

/** An online role of a further catalogue, as it is asked for: `snapshot@NAME`, `timestamp@NAME`. */
export interface FurtherRole {
  readonly role: (typeof furtherRoles)[number]
  readonly catalogue: string
}

/** More catalogues than this are nobody's: a web process that was taken over can't fill the disk with keys. */
const mostCatalogues = 100
const catalogueName = /^[a-z][a-z0-9-]{0,39}$/

/** Reads `ROLE@NAME`; undefined for whatever is no role of a further catalogue. */
export function parseFurtherRole(text: string): FurtherRole | undefined {
  const [name, catalogue, ...rest] = text.split('@')
  const role = furtherRoles.find(one => one === name)
  if (!role || catalogue === undefined || rest.length > 0) return undefined
  return catalogueName.test(catalogue) ? { role, catalogue } : undefined
}

/** The name of a further catalogue; what could leave its folder is none. */
export function parseCatalogueName(text: string): string {
  if (catalogueName.test(text)) return text
  throw new SignerError('signer/malformed', 'cannot read the name of a catalogue')
}

/** The floor of such a role: no other catalogue's number raises it. */
export function furtherFloor({ role, catalogue }: FurtherRole): string {
  return `${role}@${catalogue}`
}

/**
 * Keys of further catalogues, `catalogues/NAME/ROLE.pem` in the folder of keys. They are made here and never
 * leave. A key signs only while the root of its catalogue names it.
 */
export interface FurtherKeys {
  /** As those of the first catalogue. Errors: `signer/unknown-role`, `signer/not-named`. */
  signersOf(role: FurtherRole): Promise<readonly [Signer, Signer?]>
  /** The key of a role before there is a root; after that, a new one that waits for the next root. */
  make(role: FurtherRole): Promise<Signer>
  /** Takes note of a root that is about to be in force: the next one, or the first of a new catalogue. */
  offer(catalogue: string, root: Uint8Array): Promise<void>
  /** Looks which root is in force now: a key that waited for it takes the old one's place. */
  look(catalogue: string): Promise<void>
}

/** Opens the keys of a folder, under the roots in a server's folder. */
export function openFurtherKeys(keys: string, data: string): FurtherKeys {
  const folder = join(keys, 'catalogues')
  const offered = new Map<string, Uint8Array>()
  const rootOf = (catalogue: string) => readCatalogueRoot(join(data, 'catalogues', catalogue))
  const heldBy = (one: FurtherRole, root: Root | undefined): Promise<Held> =>
    orUnknown(one, readHeld(join(folder, one.catalogue), namedIn(root, one)))
  return {
    async signersOf(one) {
      const root = await rootOf(one.catalogue)
      const held = await heldBy(one, root)
      const coming = offered.get(one.catalogue)
      const step = coming && stepFrom(root, coming)
      const signer = signerNamed(held, namedIn(root ?? step, one))
      const other = step && signerNamed(held, namedIn(step, one))
      return other && other.keyid !== signer.keyid ? [signer, other] : [signer]
    },
    async make(one) {
      const place = join(folder, one.catalogue)
      const held = await ifThere(readKey(keyFile(place, one.role)))
      if (held) return (await rootOf(one.catalogue)) ? makeKey(nextFile(place, one.role)) : held
      await refuseTooMany(folder, one.catalogue)
      // One by one, and opened to its owner by hand: the process masks what it makes.
      for (const path of [folder, place]) {
        await mkdir(path, { recursive: true })
        await chmod(path, 0o700)
      }
      return makeKey(keyFile(place, one.role))
    },
    async offer(catalogue, bytes) {
      const root = await rootOf(catalogue)
      const step = stepFrom(root, bytes)
      for (const role of furtherRoles) {
        const one = { role, catalogue }
        signerNamed(await heldBy(one, root), namedIn(step, one))
      }
      offered.set(catalogue, bytes)
    },
    async look(catalogue) {
      offered.delete(catalogue)
      const root = await rootOf(catalogue)
      for (const role of furtherRoles) await heldBy({ role, catalogue }, root)
    },
  }
}

/** A root that is in force by now is no step: nobody may have been there to have us look. */
function stepFrom(held: Root | undefined, offered: Uint8Array): Root {
  const root = parseMetadata('root', offered)
  if (!held) return firstRoot(root)
  return root.signed.version === held.version ? held : acceptRoot(held, root)
}

function namedIn(root: Root | undefined, { role }: FurtherRole): NamedKeys {
  const keys = root ? topRole(root, role).keys : []
  return { role, named: new Set(keys.map(keyIdOf)) }
}

async function orUnknown(role: FurtherRole, reading: Promise<Held>): Promise<Held> {
  const held = await ifThere(reading)
  if (held) return held
  const message = `cannot sign for ${furtherFloor(role)}: no such key here`
  throw new SignerError('signer/unknown-role', message)
}

async function refuseTooMany(folder: string, catalogue: string): Promise<void> {
  const names = (await ifThere(readdir(folder))) ?? []
  if (names.includes(catalogue) || names.length < mostCatalogues) return
  const message = `cannot make keys for catalogue ${catalogue}: there are ${mostCatalogues} already`
  throw new SignerError('signer/key', message, { catalogue })
}
