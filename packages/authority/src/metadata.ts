import { digestOf, type JsonObject, toCanonical, toHex, toHexDigest } from '@steadfleet/base'
import {
  keyIdOf,
  type MetadataType,
  type PublicKey,
  parseMetadata,
  type SigningRole,
  type SuccinctRoles,
} from '@steadfleet/trust'
import { expiryText, type Lifetime } from './lifetime.ts'
import { type RoleRow, toRoleRow } from './role.ts'
import type { Signer } from './signer.ts'

interface Common {
  readonly spec_version: string
  readonly version: number
  readonly expires: string
}

/** The signed part of root.json, as it is written. TUF §4.3 */
export interface SignedRoot extends Common {
  readonly _type: 'root'
  readonly consistent_snapshot: boolean
  readonly keys: Readonly<Record<string, PublicKey>>
  readonly roles: Readonly<Record<TopRole, RoleRow>>
}

/** The signed part of targets.json or of a delegated role. TUF §4.5 */
export interface SignedTargets extends Common {
  readonly _type: 'targets'
  readonly targets: Readonly<Record<string, TargetEntry>>
  /** Of a publisher's role: the builders whose provenance counts. docs/formats/provenance.md */
  readonly builders?: readonly BuilderRow[]
  /** Of the catalogue's targets: digests of releases that nobody shall run. docs/formats/keys.md */
  readonly revoked?: readonly string[]
  readonly delegations?: {
    readonly keys: Readonly<Record<string, PublicKey>>
    /** Of the catalogue's targets: its publishers. */
    readonly roles?: readonly DelegationRow[]
    /** Of a publisher's role: the bins that its releases lie in. TAP 15 */
    readonly succinct_roles?: SuccinctRoles
  }
}

/** The signed part of snapshot.json. TUF §4.4 */
export interface SignedSnapshot extends Common {
  readonly _type: 'snapshot'
  readonly meta: Readonly<Record<string, FileEntry>>
}

/** The signed part of timestamp.json. TUF §4.6 */
export interface SignedTimestamp extends Common {
  readonly _type: 'timestamp'
  readonly meta: { readonly 'snapshot.json': FileEntry }
}

export type TopRole = 'root' | 'targets' | 'snapshot' | 'timestamp'
export type Signed = SignedRoot | SignedTargets | SignedSnapshot | SignedTimestamp

interface Hashed {
  readonly length: number
  readonly hashes: { readonly sha256: string }
}

/** One target of a role. */
export interface TargetEntry extends Hashed {
  readonly custom: JsonObject
}

/** One metadata file, as another one names it. */
export interface FileEntry extends Hashed {
  readonly version: number
}

/** A builder by its id, and the key that speaks for it. Of one that is retired nothing new is taken. */
export interface BuilderRow {
  readonly id: string
  readonly key: PublicKey
  readonly retired?: boolean
}

export interface DelegationRow extends RoleRow {
  readonly name: string
  readonly paths: readonly string[]
  readonly terminating: boolean
}

/** A publisher to delegate to: its name is its role and its name space. */
export interface PublisherRole extends SigningRole {
  readonly name: string
  /** Packages of other publishers that it signs from now on. */
  readonly adopted?: readonly string[]
}

const specVersion = '1.0.31'

/** A root that names the keys of each top-level role. */
export function makeRoot(
  version: number,
  roles: Readonly<Record<TopRole, SigningRole>>,
  now: Date,
): SignedRoot {
  const rows = Object.entries(roles).map(([name, role]) => [name, toRoleRow(name, role)])
  return {
    _type: 'root',
    ...common('root', version, now),
    consistent_snapshot: true,
    keys: keysOf(Object.values(roles)),
    roles: Object.fromEntries(rows),
  }
}

/**
 * The catalogue's targets: delegations to publishers, each for its own name space and for the packages
 * that it adopted, and nothing else.
 */
export function makeTargets(
  version: number,
  publishers: readonly PublisherRole[],
  now: Date,
): SignedTargets {
  const roles = publishers.map(({ name, adopted = [], ...role }) => ({
    name,
    ...toRoleRow(name, role),
    paths: [`${name}/*/*/*`, ...adopted.map(one => `${one}/*/*`)],
    terminating: true,
  }))
  return {
    _type: 'targets',
    ...common('targets', version, now),
    targets: {},
    delegations: { keys: keysOf(publishers), roles },
  }
}

/** A publisher's own role, with the releases it has so far. */
export function makeDelegatedRole(
  version: number,
  targets: Readonly<Record<string, TargetEntry>>,
  now: Date,
): SignedTargets {
  return { _type: 'targets', ...common('publisher', version, now), targets }
}

/** A snapshot of role files, given by role name: `targets`, `acme`. */
export function makeSnapshot(
  version: number,
  files: ReadonlyMap<string, Uint8Array>,
  now: Date,
): SignedSnapshot {
  const rows = [...files].map(([role, bytes]) => [`${role}.json`, entryOf('targets', bytes)])
  return {
    _type: 'snapshot',
    ...common('snapshot', version, now),
    meta: Object.fromEntries(rows),
  }
}

/** The snapshot after `held`, in which `changed` role files stand for their earlier versions. */
export function nextSnapshot(
  held: SignedSnapshot,
  changed: ReadonlyMap<string, Uint8Array>,
  now: Date,
): SignedSnapshot {
  const next = makeSnapshot(held.version + 1, changed, now)
  return { ...held, ...next, meta: { ...held.meta, ...next.meta } }
}

/** A timestamp that names a snapshot file. */
export function makeTimestamp(version: number, snapshot: Uint8Array, now: Date): SignedTimestamp {
  const meta = { 'snapshot.json': entryOf('snapshot', snapshot) }
  return { _type: 'timestamp', ...common('timestamp', version, now), meta }
}

/** The same document one version on, good for the lifetime of its kind from `now`. */
export function nextVersion<S extends Signed>(signed: S, kind: Lifetime, now: Date): S {
  return { ...signed, version: signed.version + 1, expires: expiryText(kind, now) }
}

/** A metadata file: the signed part and its signatures, in canonical JSON. TUF §4.2 */
export async function signMetadata(
  signed: Signed,
  signers: readonly Signer[],
): Promise<Uint8Array> {
  const message = toCanonical(signed)
  const signatures = await Promise.all(
    signers.map(async signer => ({ keyid: signer.keyid, sig: toHex(await signer.sign(message)) })),
  )
  return toCanonical({ signatures, signed })
}

interface SignedTypes {
  readonly root: SignedRoot
  readonly targets: SignedTargets
  readonly snapshot: SignedSnapshot
  readonly timestamp: SignedTimestamp
}

/** The signed part of a file, to make its next version from. Its signatures are not looked at. */
export function readSigned<T extends MetadataType>(type: T, bytes: Uint8Array): SignedTypes[T] {
  return parseMetadata(type, bytes).source as unknown as SignedTypes[T]
}

function common(kind: Lifetime, version: number, now: Date): Common {
  return { spec_version: specVersion, version, expires: expiryText(kind, now) }
}

function entryOf(type: 'targets' | 'snapshot', bytes: Uint8Array): FileEntry {
  const { version } = parseMetadata(type, bytes).signed
  return { version, length: bytes.length, hashes: { sha256: toHexDigest(digestOf(bytes)) } }
}

/** The keys of roles by their ids, as a document lists them. */
export function keysOf(roles: readonly SigningRole[]): Readonly<Record<string, PublicKey>> {
  return Object.fromEntries(roles.flatMap(({ keys }) => keys.map(key => [keyIdOf(key), key])))
}
