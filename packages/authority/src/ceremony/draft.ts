import {
  type Digest,
  digestOf,
  fromBase64,
  isJsonObject,
  type Json,
  type JsonObject,
  parseStrictJson,
  toBase64,
  toCanonical,
  toHex,
} from '@steadfleet/base'
import { payloadTypes, preAuthenticationEncoding } from '@steadfleet/trust'
import { AuthorityError } from '../error.ts'
import { toEnvelopeBytes, toStatementBytes } from '../statement.ts'

/** The documents that offline keys sign. `role` is a publisher's. */
export type DocumentKind = 'root' | 'targets' | 'role' | 'owner-root' | 'policy'

/** A next version of one document, before its signatures are with it. */
export interface DraftDocument {
  readonly kind: DocumentKind
  /** The role's name; for a publisher's the publisher. */
  readonly name: string
  /** Exactly what is signed. */
  readonly content: JsonObject
}

/** Next versions that come into force together, beside what they follow: all that a signer must see. */
export interface Draft {
  readonly documents: readonly DraftDocument[]
  /** By name, the files in force: whose keys must sign, and what changes. */
  readonly held: ReadonlyMap<string, Uint8Array>
}

/** What one key signed of a draft: for each document its signature, in hexadecimal. */
export interface DraftSignature {
  readonly draft: Digest
  readonly keyid: string
  readonly signatures: ReadonlyMap<string, string>
}

/** Both kinds of document, as they are signed and as their files are written. */
const spellings = {
  root: tuf(),
  targets: tuf(),
  role: tuf(),
  'owner-root': dsse(payloadTypes.ownerRoot),
  policy: dsse(payloadTypes.policy),
} as const satisfies Readonly<Record<DocumentKind, Spelling>>

interface Spelling {
  readonly message: (content: JsonObject) => Uint8Array
  readonly file: (content: JsonObject, signatures: ReadonlyMap<string, Uint8Array>) => Uint8Array
}

/** The bytes that are signed. TUF §4.2, DSSE §"PAE" */
export function messageOf({ kind, content }: DraftDocument): Uint8Array {
  return spellings[kind].message(content)
}

/** The file of a document with these signatures, by key id. */
export function fileOf(
  { kind, content }: DraftDocument,
  signatures: ReadonlyMap<string, Uint8Array>,
): Uint8Array {
  return spellings[kind].file(content, signatures)
}

/** What signatures of a draft refer to. */
export function draftDigest({ documents }: Draft): Digest {
  return digestOf(
    toCanonical(documents.map(({ kind, name, content }) => ({ kind, name, content }))),
  )
}

/** The draft as the file that goes to whoever signs. */
export function toDraftText(draft: Draft): string {
  const held = Object.fromEntries([...draft.held].map(([name, file]) => [name, toBase64(file)]))
  return toText({ type: 'draft', format: 1, documents: draft.documents, held })
}

/** Reads a draft; nothing in it is verified yet. */
export function parseDraft(bytes: Uint8Array): Draft {
  const { documents, held } = readFile(bytes, 'draft')
  if (!Array.isArray(documents) || !isJsonObject(held)) throw unreadable('draft')
  return {
    documents: documents.map(toDocument),
    held: new Map(Object.entries(held).map(([name, file]) => [name, fromBase64(String(file))])),
  }
}

/** A signature as the file that comes back. */
export function toSignatureText({ draft, keyid, signatures }: DraftSignature): string {
  const written = Object.fromEntries(signatures)
  return toText({ type: 'draft-signature', format: 1, draft, keyid, signatures: written })
}

/** Reads what came back; nothing in it is verified yet. */
export function parseSignature(bytes: Uint8Array): DraftSignature {
  const { draft, keyid, signatures } = readFile(bytes, 'draft-signature')
  if (typeof draft !== 'string' || typeof keyid !== 'string' || !isJsonObject(signatures)) {
    throw unreadable('draft-signature')
  }
  const read = Object.entries(signatures).map(([name, sig]) => [name, String(sig)] as const)
  return { draft: draft as Digest, keyid, signatures: new Map(read) }
}

function toDocument(value: Json): DraftDocument {
  const { kind, name, content } = isJsonObject(value) ? value : {}
  const known = Object.keys(spellings).find((one): one is DocumentKind => one === kind)
  if (known && typeof name === 'string' && isJsonObject(content)) {
    return { kind: known, name, content }
  }
  throw unreadable('draft')
}

function readFile(bytes: Uint8Array, type: string): JsonObject {
  const json = parseStrictJson(bytes)
  if (isJsonObject(json) && json.type === type && json.format === 1) return json
  throw unreadable(type)
}

function unreadable(type: string): AuthorityError {
  return new AuthorityError('authority/draft', `cannot read this as a ${type} of format 1`, {
    type,
  })
}

function toText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

function tuf(): Spelling {
  return {
    message: toCanonical,
    file: (content, signatures) =>
      toCanonical({
        signed: content,
        signatures: [...signatures].map(([keyid, sig]) => ({ keyid, sig: toHex(sig) })),
      }),
  }
}

function dsse(payloadType: string): Spelling {
  return {
    message: content => preAuthenticationEncoding(payloadType, toStatementBytes(content)),
    file: (content, signatures) =>
      toEnvelopeBytes({
        payloadType,
        payload: toBase64(toStatementBytes(content)),
        signatures: [...signatures].map(([keyid, sig]) => ({ keyid, sig: toBase64(sig) })),
      }),
  }
}
