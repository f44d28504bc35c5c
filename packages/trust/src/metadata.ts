import { fromHex, type Json, type JsonObject, toCanonical } from '@steadfleet/base'
import { readJson } from './envelope.ts'
import { TrustError } from './error.ts'
import { hashes } from './hashes.ts'
import { publicKey, refuseBelowThreshold, type Signature, type SigningRole } from './key.ts'
import {
  anyObject,
  count,
  flag,
  list,
  mapOf,
  matching,
  moment,
  optional,
  positive,
  record,
  type Shape,
  type Shaped,
  text,
  word,
} from './shape.ts'

const role = record({ keyids: list(text), threshold: positive })

/** TUF §4.3: this reader follows specification 1.0 and refuses another major version. */
const common = {
  spec_version: matching<string>(/^1\.\d+(\.\d+)?$/, 'specification 1'),
  version: positive,
  expires: moment,
}

/** Left out means no. TUF §4.3 */
const flagOrNot: Shape<boolean> = (value, at) => (value === undefined ? false : flag(value, at))

/** TUF §4.3 */
const root = record({
  ...common,
  _type: word('root'),
  consistent_snapshot: flagOrNot,
  keys: mapOf(publicKey),
  roles: record({ root: role, targets: role, snapshot: role, timestamp: role }),
})
export type Root = Shaped<typeof root>

/** What one file says of another. Length and hashes may be left out; the version may not. TUF §4.4 */
const fileMeta = record({ version: positive, length: optional(count), hashes: optional(hashes) })
export type FileMeta = Shaped<typeof fileMeta>

/** TUF §4.6 */
const timestamp = record({
  ...common,
  _type: word('timestamp'),
  meta: record({ 'snapshot.json': fileMeta }),
})
export type Timestamp = Shaped<typeof timestamp>

/** TUF §4.4 */
const snapshot = record({ ...common, _type: word('snapshot'), meta: mapOf(fileMeta) })
export type Snapshot = Shaped<typeof snapshot>

const delegatedRole = record({
  name: delegatedName,
  keyids: list(text),
  threshold: positive,
  terminating: flag,
  paths: optional(list(text)),
  path_hash_prefixes: optional(list(matching<string>(/^[0-9a-f]{1,64}$/, 'hexadecimal'))),
})
export type Delegation = Shaped<typeof delegatedRole>

/** TUF §4.5: a role is delegated once, so that its keys are never a matter of order. */
const distinctRoles: Shape<readonly Delegation[]> = (value, at) => {
  const roles = list(delegatedRole)(value, at)
  if (new Set(roles.map(({ name }) => name)).size === roles.length) return roles
  throw new TrustError('trust/malformed', `cannot read ${at}: a role stands twice`, { at })
}

/** Bins by the first bits of a path's digest, all under the same keys. TAP 15 */
const succinctRoles = record({
  keyids: list(text),
  threshold: positive,
  bit_length: bitLength,
  name_prefix: delegatedName,
})
export type SuccinctRoles = Shaped<typeof succinctRoles>

const delegationsOfEitherKind = record({
  keys: mapOf(publicKey),
  roles: optional(distinctRoles),
  succinct_roles: optional(succinctRoles),
})
export type Delegations = Shaped<typeof delegationsOfEitherKind>

/** TUF §4.5, TAP 15: roles by pattern, or bins. */
const delegations: Shape<Delegations> = (value, at) => {
  const read = delegationsOfEitherKind(value, at)
  if (read.roles === undefined || read.succinct_roles === undefined) return read
  throw new TrustError('trust/malformed', `cannot read ${at}: both roles and bins`, { at })
}

/** TUF §4.5 */
const targets = record({
  ...common,
  _type: word('targets'),
  targets: mapOf(record({ length: count, hashes, custom: optional(anyObject) })),
  delegations: optional(delegations),
  revoked: optional(list(text)),
})
export type Targets = Shaped<typeof targets>

interface MetadataTypes {
  readonly root: Root
  readonly timestamp: Timestamp
  readonly snapshot: Snapshot
  readonly targets: Targets
}
export type MetadataType = keyof MetadataTypes

const shapes: { readonly [T in MetadataType]: Shape<MetadataTypes[T]> } = {
  root,
  timestamp,
  snapshot,
  targets,
}

/** A metadata file as read: what it says, who claims to have signed it, and the bytes they signed. */
export interface Metadata<T extends MetadataType> {
  readonly signed: MetadataTypes[T]
  /** The signed part as it stands, with members this reader does not know. */
  readonly source: JsonObject
  readonly signatures: readonly Signature[]
  /** The canonical form of the signed part: unknown members are kept, so their signature holds. */
  readonly message: Uint8Array
  readonly bytes: Uint8Array
}

const outer = record({
  signed: anyObject,
  signatures: list(record({ keyid: text, sig: text })),
})

/** Reads a metadata file of this type; nothing in it is verified yet. TUF §4.2 */
export function parseMetadata<T extends MetadataType>(type: T, bytes: Uint8Array): Metadata<T> {
  const what = `${type} metadata`
  const { signed, signatures } = outer(readJson(bytes, what), what)
  return {
    signed: shapes[type](signed, type),
    source: signed,
    signatures: signatures.map(toSignature),
    message: toCanonical(signed),
    bytes,
  }
}

/** Refuses metadata that its role has not signed. TUF §5.3.4, §5.4.2, §5.5.3, §5.6.3 */
export function refuseUnsigned<T extends MetadataType>(
  what: string,
  metadata: Metadata<T>,
  signers: SigningRole,
): void {
  refuseBelowThreshold(what, signers, metadata.message, metadata.signatures)
  refuseSecondSignature(what, metadata.signatures) // TUF §4.2
}

/** TUF §4.2: a key id stands once among the signatures, even where they suffice. */
function refuseSecondSignature(what: string, signatures: readonly Signature[]): void {
  const ids = new Set(signatures.map(({ keyid }) => keyid))
  if (ids.size === signatures.length) return
  throw new TrustError('trust/malformed', `cannot trust ${what}: a key id stands twice`, { what })
}

/** A signature this reader cannot spell is one of no bytes: it counts for nothing and spoils nothing. */
function toSignature({ keyid, sig }: { keyid: string; sig: string }): Signature {
  const isHex = sig.length % 2 === 0 && /^[0-9a-f]+$/.test(sig)
  return { keyid, sig: isHex ? fromHex(sig) : new Uint8Array() }
}

function bitLength(value: Json | undefined, at: string): number {
  const read = positive(value, at)
  if (read <= 32) return read
  throw new TrustError('trust/malformed', `cannot read ${at}: above 32`, { at })
}

/** A delegated role may not take the name of a top-level one: their files would be the same. */
function delegatedName(value: Json | undefined, at: string): string {
  const name = matching<string>(/^[^\u0000-\u001f]{1,80}$/, 'a role name')(value, at)
  if (!Object.hasOwn(shapes, name)) return name
  throw new TrustError('trust/malformed', `cannot read ${at}: ${name} is a top-level role`, { at })
}
