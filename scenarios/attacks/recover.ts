import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  nextVersion,
  readSigned,
  type SignedRoot,
  type Signer,
  signerFromSeed,
  signMetadata,
} from '../../packages/authority/src/index.ts'
import { digestOf, fromHex, toHexDigest, toUtf8 } from '../../packages/base/src/index.ts'
import type { Scene } from './attack.ts'
import { type Files, signOnline } from './forge.ts'
import type { Mutation } from './mutant.ts'
import { newestRoot, type Vault } from './vault.ts'

/** One signature is enough, whatever the threshold. */
export const noThreshold: Mutation = {
  file: 'packages/trust/src/key.ts',
  before: 'if (signers.size >= role.threshold && role.threshold >= 1) return',
  after: 'if (signers.size >= 1) return',
}

/** A key that is nobody's in the fleet, the same in every run. */
export function strangerKey(name: string): Signer {
  return signerFromSeed(fromHex(toHexDigest(digestOf(toUtf8(`stranger ${name}`)))))
}

/** Puts files among those that the server gives out. */
export function serve({ catalogue }: Vault, files: Files): void {
  for (const [name, bytes] of files) writeFileSync(join(catalogue, name), bytes)
}

/** The next root, changed, signed by two of the three who may. */
export async function signRoot(
  vault: Vault,
  change: (honest: SignedRoot) => SignedRoot,
  signers: readonly Signer[] = vault.offline.root.slice(0, 2),
): Promise<Files> {
  const next = change(nextVersion(readSigned('root', newestRoot(vault)), 'root', new Date()))
  return new Map([[`${next.version}.root.json`, await signMetadata(next, signers)]])
}

/** The root with other keys in one of its roles, and with another threshold where that is said. */
export function withKeys(
  root: SignedRoot,
  role: keyof SignedRoot['roles'],
  signers: readonly Signer[],
  threshold = root.roles[role].threshold,
): SignedRoot {
  const keys = { ...root.keys, ...Object.fromEntries(signers.map(one => [one.keyid, one.key])) }
  const row = { keyids: signers.map(({ keyid }) => keyid), threshold }
  return { ...root, keys, roles: { ...root.roles, [role]: row } }
}

/** What a fleet does whose online keys were stolen: the offline root names others. */
export async function replaceOnlineKeys(vault: Vault): Promise<void> {
  const online = {
    ...vault.online,
    snapshot: strangerKey('new snapshot'),
    timestamp: strangerKey('new timestamp'),
  }
  const files = await signRoot(vault, root =>
    withKeys(withKeys(root, 'snapshot', [online.snapshot]), 'timestamp', [online.timestamp]),
  )
  const isDone = [...files.keys()].some(name => existsSync(join(vault.catalogue, name)))
  if (!isDone) serve(vault, new Map([...files, ...(await signOnline({ ...vault, online }))]))
}

/** The same where there is a log: a device takes the new root once that holds it, and so do we by a start. */
export async function replaceLoggedKeys({ siege, vault }: Scene): Promise<void> {
  await replaceOnlineKeys(vault)
  await siege.stopServer()
  await siege.startServer()
}
