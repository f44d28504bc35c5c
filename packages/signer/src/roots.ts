import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '@steadfleet/base'
import {
  acceptOwnerRoot,
  acceptRoot,
  keyIdOf,
  type Metadata,
  type OwnerRoot,
  ownerRole,
  parseEnvelopeBytes,
  parseMetadata,
  type Root,
  refuseOtherThanNext,
  refuseUnsigned,
  topRole,
} from '@steadfleet/trust'
import { SignerError } from './error.ts'
import type { NamedRole } from './rules.ts'

/** The newest roots of a server's folder, each reached from the first by signed steps. */
export interface Roots {
  readonly catalogue: Root
  readonly owner: OwnerRoot
}

/** Reads `catalogue/N.root.json` and `owner/N.owner-root.json`, and verifies every step. */
export async function readRoots(data: string): Promise<Roots> {
  const catalogue = await filesFrom(version => join(data, 'catalogue', `${version}.root.json`))
  const owner = await filesFrom(version => join(data, 'owner', `${version}.owner-root.json`))
  const [first, ...rest] = owner
  const root = newestOf(catalogue)
  if (!first || !root) {
    throw new SignerError('signer/roots', `cannot sign: ${data} holds no roots`, { data })
  }
  return {
    catalogue: root,
    owner: rest.reduce<OwnerRoot>(
      (held, step) => acceptOwnerRoot(held, parseEnvelopeBytes(step)),
      acceptOwnerRoot(digestOf(first), parseEnvelopeBytes(first)),
    ),
  }
}

/**
 * The newest root of a further catalogue's folder, each reached from the first by signed steps; undefined
 * where there is no such catalogue: without a timestamp it is one whose making was cut short.
 */
export async function readCatalogueRoot(folder: string): Promise<Root | undefined> {
  if (!(await ifThere(join(folder, 'timestamp.json')))) return undefined
  return newestOf(await filesFrom(version => join(folder, `${version}.root.json`)))
}

/** The root of a catalogue that is about to be made: the first, signed by itself. TUF §5.3.4 */
export function firstRoot(offered: Metadata<'root'>): Root {
  refuseUnsigned('root', offered, topRole(offered.signed, 'root'))
  refuseOtherThanNext('root', 0, offered.signed.version)
  return offered.signed
}

/** The roots with `offered` as the next of its kind: signed by the one before it and by itself. */
export function nextRoots(held: Roots, offered: Uint8Array): Roots {
  return isEnvelope(offered)
    ? { ...held, owner: acceptOwnerRoot(held.owner, parseEnvelopeBytes(offered)) }
    : { ...held, catalogue: acceptRoot(held.catalogue, parseMetadata('root', offered)) }
}

/** The ids of the keys that may sign for a role. */
export function namedBy(roots: Roots, role: NamedRole): ReadonlySet<string> {
  const { keys } =
    role === 'director' ? ownerRole(roots.owner, role) : topRole(roots.catalogue, role)
  return new Set(keys.map(keyIdOf))
}

function newestOf(files: readonly Uint8Array[]): Root | undefined {
  const [first, ...steps] = files.map(file => parseMetadata('root', file))
  return first && steps.reduce<Root>((held, step) => acceptRoot(held, step), first.signed)
}

function isEnvelope(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).includes('"payloadType"')
}

async function filesFrom(pathOf: (version: number) => string): Promise<Uint8Array[]> {
  const files: Uint8Array[] = []
  for (let version = 1; ; version += 1) {
    const file = await ifThere(pathOf(version))
    if (file === undefined) return files
    files.push(file)
  }
}

async function ifThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
}
