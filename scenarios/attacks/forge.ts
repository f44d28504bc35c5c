import { readFileSync } from 'node:fs'
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
import { type Digest, digestOf, toDocument, toUtf8 } from '../../packages/base/src/index.ts'
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
import { inForce, objectPath, roleIn, type Vault } from './vault.ts'

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

/** A release and all that it is made of. */
export interface Forged {
  readonly record: ReleaseRecord
  readonly named: NamedTarget
  readonly digest: Digest
  readonly objects: ReadonlyMap<Digest, Uint8Array>
}

/** Another revision of the page, or another package, whose page says which revision it is. */
export function makeRevision(
  vault: Vault,
  revision: number,
  change: { readonly floor?: number; readonly package?: string } = {},
): Forged {
  const base = publishedRecord(vault, 1)
  const says = toUtf8(`revision ${revision}\n`)
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

/** The record of a revision of the page that is in the catalogue. */
export function publishedRecord(vault: Vault, revision: number): ReleaseRecord {
  const path = pathOf(revision)
  const target = parseMetadata('targets', roleIn(vault, 'acme')).signed.targets.get(path)
  if (target === undefined) throw new RangeError(`the catalogue has no ${path}`)
  const bytes = readFileSync(objectPath(vault, digestIn(target.hashes, path)))
  return parseReleaseRecord(JSON.parse(bytes.toString()))
}

export function pathOf(revision: number): string {
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
export function ordered(device: Besieged, { record, named, digest }: Forged): Order['releases'] {
  const [held] = heldOrder(device).releases
  if (held === undefined) throw new RangeError(`${device.name} runs nothing`)
  const { package: name, revision } = record
  return [{ ...held, package: name, revision, record: { digest, length: named.target.length } }]
}

/** The version of a file of the catalogue that a device has taken as its own. */
export function takenVersion({ state }: Besieged, role: string): number {
  const file = join(state, 'trust/catalogue-acme/current', `${role}.json`)
  return JSON.parse(readFileSync(file, 'utf8')).signed.version
}

/** The version that is in force. */
export function versionInForce(vault: Vault, role: string): number {
  const file = inForce(vault).get(role)
  return file ? JSON.parse(Buffer.from(file).toString()).signed.version : 0
}
