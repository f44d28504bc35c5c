import { type Digest, digestOf, toUtf8 } from '@steadfleet/base'
import {
  makeDelegatedRole,
  makeRoot,
  makeSnapshot,
  makeTargets,
  makeTimestamp,
  nextVersion,
  type Signed,
  type SignedRoot,
  type SignedSnapshot,
  type SignedTargets,
  type SignedTimestamp,
  signMetadata,
} from '../metadata.ts'
import { addRelease, toTarget } from '../release.ts'
import type { Signer } from '../signer.ts'
import { pretendSigner } from './pretend-store.ts'

/** Who signs what in a pretend catalogue; a test may put anyone in anyone's place. */
export interface PretendKeys {
  root: readonly Signer[]
  targets: readonly Signer[]
  acme: readonly Signer[]
  snapshot: readonly Signer[]
  timestamp: readonly Signer[]
}

interface PretendSigned {
  root: SignedRoot
  targets: SignedTargets
  acme: SignedTargets
  snapshot: SignedSnapshot
  timestamp: SignedTimestamp
}

/** A catalogue of one publisher, `acme`, in memory; attacks are written by changing it. */
export interface PretendCatalogue {
  /** As a server has them: `1.root.json`, `timestamp.json`. */
  readonly files: Map<string, Uint8Array>
  readonly keys: PretendKeys
  readonly signed: PretendSigned
  readonly firstRoot: Digest
}

/** A whole catalogue at version 1, made `now`. */
export async function pretendCatalogue(now: Date): Promise<PretendCatalogue> {
  const keys = firstKeys()
  const targets = makeTargets(1, [{ name: 'acme', ...roleOf(keys.acme, 1) }], now)
  const root = makeRoot(1, rootRoles(keys), now)
  const acme = makeDelegatedRole(1, {}, now)
  const files = new Map([
    ['1.root.json', await signMetadata(root, keys.root)],
    ['1.targets.json', await signMetadata(targets, keys.targets)],
    ['1.acme.json', await signMetadata(acme, keys.acme)],
  ])
  const snapshot = makeSnapshot(1, roleFiles(files, { targets, acme }), now)
  files.set('1.snapshot.json', await signMetadata(snapshot, keys.snapshot))
  const timestamp = makeTimestamp(1, fileOf(files, '1.snapshot.json'), now)
  files.set('timestamp.json', await signMetadata(timestamp, keys.timestamp))
  const signed = { root, targets, acme, snapshot, timestamp }
  return { files, keys, signed, firstRoot: digestOf(fileOf(files, '1.root.json')) }
}

/** Signs one document as it stands in `signed`, and puts its file in place. */
export async function seal(catalogue: PretendCatalogue, role: keyof PretendSigned): Promise<void> {
  const signed: Signed = catalogue.signed[role]
  const name = role === 'timestamp' ? 'timestamp.json' : `${signed.version}.${role}.json`
  catalogue.files.set(name, await signMetadata(signed, catalogue.keys[role]))
}

/** A new snapshot of the roles as they stand, and a new timestamp. */
export async function freshen(catalogue: PretendCatalogue, now: Date): Promise<void> {
  const { signed, files } = catalogue
  signed.snapshot = makeSnapshot(signed.snapshot.version + 1, roleFiles(files, signed), now)
  await seal(catalogue, 'snapshot')
  await stamp(catalogue, now)
}

/** A new timestamp of the snapshot as it stands. */
export async function stamp(catalogue: PretendCatalogue, now: Date): Promise<void> {
  const { signed, files } = catalogue
  const snapshot = fileOf(files, `${signed.snapshot.version}.snapshot.json`)
  signed.timestamp = makeTimestamp(signed.timestamp.version + 1, snapshot, now)
  await seal(catalogue, 'timestamp')
}

/** Publishes a pretend release of acme's, as its whole chain. */
export async function publish(
  catalogue: PretendCatalogue,
  path: string,
  now: Date,
): Promise<Uint8Array> {
  const [publisher, name, revision, architecture] = path.split('/')
  const content = toUtf8(`record of ${path}`)
  const custom = {
    package: `${publisher}/${name}`,
    revision: Number(revision),
    architecture: architecture ?? '',
    version: `${revision}.0`,
  }
  const { signed } = catalogue
  const added = addRelease(signed.acme, path, toTarget(content, custom))
  signed.acme = nextVersion(added, 'publisher', now)
  await seal(catalogue, 'acme')
  await freshen(catalogue, now)
  return content
}

/** The next root, in which `changed` keys stand for earlier ones; signed by the old and the new. */
export async function rotateRoot(
  catalogue: PretendCatalogue,
  changed: Partial<PretendKeys>,
  now: Date,
): Promise<void> {
  const { keys, signed } = catalogue
  const before = keys.root
  Object.assign(keys, changed)
  signed.root = makeRoot(signed.root.version + 1, rootRoles(keys), now)
  const signers = new Map([...before, ...keys.root].map(signer => [signer.keyid, signer]))
  const file = await signMetadata(signed.root, [...signers.values()])
  catalogue.files.set(`${signed.root.version}.root.json`, file)
}

/** Three signers named after their role. */
export function threeSigners(role: string): Signer[] {
  return [1, 2, 3].map(i => pretendSigner(`${role}-${i}`))
}

function firstKeys(): PretendKeys {
  return {
    root: threeSigners('root'),
    targets: threeSigners('targets'),
    acme: [pretendSigner('acme')],
    snapshot: [pretendSigner('snapshot')],
    timestamp: [pretendSigner('timestamp')],
  }
}

function rootRoles(keys: PretendKeys): Parameters<typeof makeRoot>[1] {
  return {
    root: roleOf(keys.root, 2),
    targets: roleOf(keys.targets, 2),
    snapshot: roleOf(keys.snapshot, 1),
    timestamp: roleOf(keys.timestamp, 1),
  }
}

function roleFiles(
  files: ReadonlyMap<string, Uint8Array>,
  { targets, acme }: Pick<PretendSigned, 'targets' | 'acme'>,
): ReadonlyMap<string, Uint8Array> {
  return new Map([
    ['targets', fileOf(files, `${targets.version}.targets.json`)],
    ['acme', fileOf(files, `${acme.version}.acme.json`)],
  ])
}

function fileOf(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const file = files.get(name)
  if (file) return file
  throw new RangeError(`no file ${name} in the pretend catalogue`)
}

function roleOf(
  signers: readonly Signer[],
  threshold: number,
): { keys: Signer['key'][]; threshold: number } {
  return { keys: signers.map(({ key }) => key), threshold }
}
