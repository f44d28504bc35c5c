import {
  CodedError,
  type Digest,
  digestOf,
  isCoded,
  parseStrictJson,
  toCanonical,
  toDocument,
} from '@steadfleet/base'
import { object, parserOf, Timestamp } from '@steadfleet/domain'
import { type Static, Type } from 'typebox'

const Hash = Type.Unsafe<Digest>(Type.String({ pattern: '^sha256:[0-9a-f]{64}$' }))

/** One act, as the log has it. What was before and after it is JSON text, exactly as it was hashed. */
export const AuditEntry = object({
  /** 1 is the first; no number is ever left out. */
  sequence: Type.Integer({ minimum: 1 }),
  at: Timestamp,
  /** A person, a machine, a device, or `server` itself. */
  by: Type.String(),
  /** How it was known, and its address: `session 192.0.2.7`. Empty for the server itself. */
  place: Type.String(),
  act: Type.String(),
  /** The fleet it was about; empty where it was about none. */
  fleet: Type.String(),
  subject: Type.String(),
  before: Type.String(),
  after: Type.String(),
  /** The hash of the entry before; {@link beforeFirst} in the first. */
  previous: Hash,
  hash: Hash,
})
export type AuditEntry = Static<typeof AuditEntry>

/** How far a log goes, and what its last entry is. */
export const AuditHead = object({ sequence: Type.Integer({ minimum: 0 }), hash: Hash })
export type AuditHead = Static<typeof AuditHead>

/** What the first entry follows. */
export const beforeFirst: Digest = digestOf(toDocument({ type: 'audit-log' }))

export const emptyAudit: AuditHead = { sequence: 0, hash: beforeFirst }

export type AuditErrorCode = 'audit/changed' | 'audit/gap' | 'audit/order' | 'audit/head'

/** Raised where an audit log is not what it was. */
export class AuditError extends CodedError<AuditErrorCode> {}

/** The hash of an entry: over all of it but the hash itself, as canonical JSON. */
export function hashOfEntry({
  hash: _,
  ...rest
}: Omit<AuditEntry, 'hash'> & { hash?: Digest }): Digest {
  return digestOf(toDocument({ type: 'audit-entry', ...rest }))
}

/**
 * The head after `entry`, which must follow `head`. Errors: `audit/changed` where its content is not what was
 * hashed, `audit/gap` where entries are missing before it, `audit/order` where it does not belong here.
 */
export function nextHead(head: AuditHead, entry: AuditEntry): AuditHead {
  const { sequence, previous, hash } = entry
  const details = { sequence, expected: head.sequence + 1 }
  if (hashOfEntry(entry) !== hash) {
    throw new AuditError('audit/changed', `entry ${sequence} is not what was written`, details)
  }
  if (sequence > head.sequence + 1) {
    const message = `entries ${head.sequence + 1} to ${sequence - 1} are missing`
    throw new AuditError('audit/gap', message, details)
  }
  if (sequence <= head.sequence || previous !== head.hash) {
    const message = `entry ${sequence} does not follow entry ${head.sequence}`
    throw new AuditError('audit/order', message, details)
  }
  return { sequence, hash }
}

/**
 * The leaf by which a transparency log holds how far an audit log went. Nothing runs by it, so no device reads
 * it. docs/formats/log.md
 */
export function toAuditLeaf({ sequence, hash }: AuditHead): Uint8Array {
  return toCanonical({ type: 'audit', sequence, digest: hash })
}

/** The head in a leaf, where it is one of an audit log. */
export function auditHeadIn(leaf: Uint8Array): AuditHead | undefined {
  try {
    const { sequence, digest } = parseLeaf(parseStrictJson(leaf))
    return { sequence, hash: digest }
  } catch (error) {
    if (isCoded(error)) return undefined
    throw error
  }
}

const parseLeaf = parserOf(
  'audit leaf',
  object({ type: Type.Literal('audit'), sequence: Type.Integer({ minimum: 1 }), digest: Hash }),
)

/**
 * The head of a whole log. `seen` are heads that were known before and must be in it. Errors: those of
 * {@link nextHead}; `audit/head` where the log was cut short, or written anew, since then.
 */
export async function verifyAudit(
  entries: AsyncIterable<AuditEntry>,
  ...seen: readonly AuditHead[]
): Promise<AuditHead> {
  let head = emptyAudit
  const known = Map.groupBy(seen, ({ sequence }) => sequence)
  const refuseOthers = (at: AuditHead): void => {
    for (const one of known.get(at.sequence) ?? []) refuseOtherHead(at, one)
  }
  refuseOthers(head)
  for await (const entry of entries) {
    head = nextHead(head, entry)
    refuseOthers(head)
  }
  for (const one of seen) if (one.sequence > head.sequence) refuseOtherHead(head, one)
  return head
}

function refuseOtherHead(head: AuditHead, seen: AuditHead): void {
  if (head.sequence === seen.sequence && head.hash === seen.hash) return
  const message =
    head.sequence < seen.sequence
      ? `the log ends at entry ${head.sequence}, and had ${seen.sequence} before`
      : `entry ${head.sequence} is another one than was seen before`
  throw new AuditError('audit/head', message, { held: head.sequence, seen: seen.sequence })
}
