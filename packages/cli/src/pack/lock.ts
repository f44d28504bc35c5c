import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '@steadfleet/base'
import type { Architecture } from '@steadfleet/domain'
import {
  type LockedBuild,
  type LockedSource,
  lockName,
  parseLock,
  toLockBytes,
} from '@steadfleet/evidence'
import { isErrno, PackError } from './error.ts'
import type { InputStore } from './inputs.ts'
import type { DeclaredPackage } from './manifest.ts'
import type { Repeat } from './source.ts'

/** The build that a lock holds for a manifest and an architecture. */
export function lockedBuild(
  lock: Uint8Array,
  manifest: Digest,
  architecture: Architecture,
): LockedBuild {
  const held = parseLock(lock)
  refuseOther('the manifest', manifest, held.manifest)
  const build = held.builds[architecture]
  if (build) return build
  const message = `cannot pack for ${architecture}: the lock has no build for it`
  throw new PackError('pack/lock', message, { architecture })
}

/** The build that the lock beside a manifest holds, to be done again with the folders that lie there. */
export async function repeatLocked(
  declared: DeclaredPackage,
  architecture: Architecture,
  inputs: InputStore,
): Promise<Repeat> {
  const lock = await readLock(declared)
  if (lock) {
    return { build: lockedBuild(lock, declared.digest, architecture), inputs, folders: 'here' }
  }
  const message = `cannot pack ${declared.home}: there is no ${lockName} beside its manifest`
  throw new PackError('pack/lock', message, { folder: declared.home })
}

/** Refuses an input that is not what the lock says. */
export function refuseOther(what: string, found: Digest, locked: Digest): void {
  if (found === locked) return
  const message = `cannot pack: ${what} is ${found}, not ${locked} as the lock says`
  throw new PackError('pack/locked', message, { what, found, locked })
}

/** The lock beside a manifest; undefined where there is none. */
async function readLock({ home }: DeclaredPackage): Promise<Uint8Array | undefined> {
  return readFile(join(home, lockName)).catch(fault => {
    if (isErrno(fault, 'ENOENT')) return undefined
    throw fault
  })
}

/**
 * Writes a build's lock beside its manifest. What the file there says of other architectures stays,
 * if it is of the same manifest.
 */
export async function writeLock(declared: DeclaredPackage, bytes: Uint8Array): Promise<string> {
  const made = parseLock(bytes)
  const there = await readLock(declared)
  const held = there && parseLock(there)
  const isSame = held?.manifest === made.manifest
  const builds = isSame ? { ...held.builds, ...made.builds } : made.builds
  const path = join(declared.home, lockName)
  await writeFile(`${path}.new`, toLockBytes({ ...made, builds }))
  await rename(`${path}.new`, path)
  return path
}

/** The source of a lock that stands for one of the manifest. */
export function lockedSource({ sources }: LockedBuild, index: number): LockedSource {
  const found = sources[index]
  if (found) return found
  throw new PackError('pack/lock', `cannot pack: the lock has no source ${index + 1}`, { index })
}

/** Refuses a lock in which another kind of source stands in the place. */
export function wrongKind(wanted: string): PackError {
  return new PackError('pack/lock', `cannot pack: the lock has no ${wanted} there`, { wanted })
}
