import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  addRelease,
  makeTimestamp,
  type NamedTarget,
  nextSnapshot,
  nextVersion,
  readSigned,
  releaseTarget,
  type SignedSnapshot,
  type SignedTargets,
  type SignedTimestamp,
  type Signer,
  signMetadata,
  signStatement,
} from '../../packages/authority/src/index.ts'
import {
  type Digest,
  digestOf,
  toDocument,
  toHexDigest,
  toUtf8,
} from '../../packages/base/src/index.ts'
import { parseTree, toTreeBytes } from '../../packages/bundle/src/index.ts'
import { parseReleaseRecord, type ReleaseRecord } from '../../packages/domain/src/index.ts'
import {
  digestIn,
  type Envelope,
  type Order,
  parseEnvelopeBytes,
  parseMetadata,
  payloadTypes,
  reopenOrder,
} from '../../packages/trust/src/index.ts'
import type { Besieged } from '../besieged.ts'
import { objectPath, roleIn, type Vault } from './vault.ts'

/** Files of a catalogue by name: `timestamp.json`, `7.acme.json`. */
export type Files = ReadonlyMap<string, Uint8Array>

/** How a set of metadata differs from the honest next one. */
export interface Twist {
  readonly snapshot?: (honest: SignedSnapshot) => SignedSnapshot
  readonly timestamp?: (honest: SignedTimestamp) => SignedTimestamp
  /** When it was signed, which is also what it expires after. */
  readonly signedAt?: Date
}

/** The next snapshot and timestamp, signed by the server's own keys, for role files that changed. */
export async function signOnline(
  vault: Vault,
  changed: Files = new Map(),
  { snapshot: twist = same, timestamp: turn = same, signedAt = new Date() }: Twist = {},
): Promise<Files> {
  const { snapshot: snapshotKey, timestamp: timestampKey } = vault.online
  const held = readSigned('snapshot', roleIn(vault, 'snapshot'))
  const snapshot = twist(nextSnapshot(held, changed, signedAt))
  const bytes = await signMetadata(snapshot, [snapshotKey])
  const { version } = readSigned('timestamp', roleIn(vault, 'timestamp'))
  const timestamp = turn(makeTimestamp(version + 1, bytes, signedAt))
  const roles = [...changed].map(([role, file]) => {
    const read = parseMetadata('targets', file).signed
    return [`${read.version}.${role}.json`, file] as const
  })
  return new Map([
    ...roles,
    [`${snapshot.version}.snapshot.json`, bytes],
    ['timestamp.json', await signMetadata(timestamp, [timestampKey])],
  ])
}

function same<T>(honest: T): T {
  return honest
}

/** The next version of a role with more targets in it, signed by whoever signs it. */
export async function growRole(
  vault: Vault,
  role: string,
  added: readonly NamedTarget[],
  signers: readonly Signer[],
): Promise<Uint8Array> {
  const held = readSigned('targets', roleIn(vault, role))
  const grown = added.reduce<SignedTargets>(
    (signed, { path, target }) => addRelease(signed, path, target),
    held,
  )
  return signMetadata(nextVersion(grown, 'publisher', new Date()), signers)
}

/** A release that can be ordered. */
export interface Orderable {
  readonly record: ReleaseRecord
  readonly named: NamedTarget
  readonly digest: Digest
}

/** A release that is no publisher's, and all that it is made of. */
export interface Forged extends Orderable {
  readonly objects: ReadonlyMap<Digest, Uint8Array>
}

/** A revision of the page that nobody published; its page says 9, whatever it calls itself. */
export function forgeRevision(
  vault: Vault,
  revision: number,
  change: Partial<Pick<ReleaseRecord, 'package'>> = {},
): Forged {
  const base = published(vault, 1).record
  const says = toUtf8(pageOfForged)
  const listing = parseTree(readFileSync(objectPath(vault, base.tree.digest)))
  const entries = listing.entries.map(entry =>
    entry.kind === 'file' && entry.path.endsWith('index.html')
      ? { ...entry, digest: digestOf(says), size: says.length }
      : entry,
  )
  const tree = toTreeBytes({ ...listing, entries })
  const record = parseReleaseRecord({
    ...base,
    revision,
    version: `1.0.${revision}`,
    tree: { digest: digestOf(tree), length: tree.length },
    ...change,
  })
  const bytes = toDocument(record)
  const objects = new Map([says, tree, bytes].map(one => [digestOf(one), one] as const))
  return { record, named: releaseTarget(record, bytes), digest: digestOf(bytes), objects }
}

export const pageOfForged = 'revision 9\n'

/** A revision of the page that is in the catalogue. */
export function published(vault: Vault, revision: number): Orderable {
  const path = pathOf(revision)
  const target = parseMetadata('targets', roleIn(vault, 'acme')).signed.targets.get(path)
  if (target === undefined) throw new RangeError(`the catalogue has no ${path}`)
  const digest = digestIn(target.hashes, path)
  const bytes = readFileSync(objectPath(vault, digest))
  const record = parseReleaseRecord(JSON.parse(bytes.toString()))
  return { record, named: releaseTarget(record, bytes), digest }
}

function pathOf(revision: number): string {
  return `acme/page/${revision}/${process.arch === 'arm64' ? 'arm64' : 'amd64'}`
}

/** The last order that a device accepted; the server has the same one. */
export function heldOrder({ state }: Besieged): Order {
  const file = readFileSync(join(state, 'trust/order.json'))
  return reopenOrder(parseEnvelopeBytes(file.subarray(0, file.indexOf('\n'))))
}

/** The next order of a device, changed, and signed by whoever holds the director's key. */
export async function signOrder(
  vault: Vault,
  device: Besieged,
  change: Partial<Order>,
): Promise<Envelope> {
  const held = heldOrder(device)
  const order = { ...held, issued: new Date(), counter: held.counter + 1, ...change }
  return signStatement(payloadTypes.order, order, [vault.online.director])
}

/** What an order says of a release, whoever made that. */
export function ordered(device: Besieged, { record, named, digest }: Orderable): Order['releases'] {
  const [held] = heldOrder(device).releases
  if (held === undefined) throw new RangeError(`${device.name} runs nothing`)
  const { package: name, revision } = record
  return [{ ...held, package: name, revision, record: { digest, length: named.target.length } }]
}

/** A file of the catalogue as a device has taken it for its own. */
export function takenFile({ state }: Besieged, role: string): string {
  return readFileSync(join(state, 'trust/catalogue-acme/current', `${role}.json`), 'utf8')
}

/** Its version; 0 where the device has given it up. */
export function takenVersion(device: Besieged, role: string): number {
  const file = join(device.state, 'trust/catalogue-acme/current', `${role}.json`)
  return existsSync(file) ? versionOf(readFileSync(file)) : 0
}

/** The version of a metadata file. */
export function versionOf(file: Uint8Array): number {
  return JSON.parse(Buffer.from(file).toString()).signed.version
}

/** How a file is named in a snapshot or a timestamp. */
export function entryOf(file: Uint8Array): SignedTimestamp['meta']['snapshot.json'] {
  const sha256 = toHexDigest(digestOf(file))
  return { version: versionOf(file), length: file.length, hashes: { sha256 } }
}
