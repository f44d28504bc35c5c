import { fromHex, toHex } from '@steadfleet/base'
import {
  isSignedBy,
  keyIdOf,
  ownerRole,
  ownerRoot,
  parseEnvelopeBytes,
  parseMetadata,
  reopenOwnerRoot,
  type SigningRole,
  topRole,
  toSigningRole,
} from '@steadfleet/trust'
import { publisherOf } from '../bins.ts'
import { AuthorityError } from '../error.ts'
import type { Signer } from '../signer.ts'
import {
  type Draft,
  type DraftDocument,
  type DraftSignature,
  draftDigest,
  fileOf,
  messageOf,
} from './draft.ts'

/** A role that must sign a document of a draft, and who of it has. */
export interface Standing {
  readonly document: string
  /** `root 1`, `root 2`: the document that names the keys. */
  readonly by: string
  readonly threshold: number
  readonly signed: readonly string[]
  readonly waiting: readonly string[]
}

/** Signs whatever of a draft asks for this key. */
export async function signDraft(draft: Draft, signer: Signer): Promise<DraftSignature> {
  const asked = draft.documents.filter(document =>
    askedFor(draft, document).some(({ role }) => isIn(role, signer.keyid)),
  )
  if (asked.length === 0) {
    const message = `cannot sign this draft with key ${signer.keyid}: none of its roles names it`
    throw new AuthorityError('authority/not-asked', message, { keyid: signer.keyid })
  }
  const signatures = await Promise.all(
    asked.map(async document => {
      const signature = await signer.sign(messageOf(document))
      return [nameOf(document), toHex(signature)] as const
    }),
  )
  return { draft: draftDigest(draft), keyid: signer.keyid, signatures: new Map(signatures) }
}

/** For each role that must sign: who has, and who may yet. A signature that does not hold counts for nothing. */
export function standingOf(draft: Draft, signatures: readonly DraftSignature[]): Standing[] {
  refuseOtherDraft(draft, signatures)
  return draft.documents.flatMap(document => {
    const signed = goodSignatures(draft, document, signatures)
    return askedFor(draft, document).map(({ by, role }) => {
      const ids = role.keys.map(keyIdOf)
      return {
        document: nameOf(document),
        by,
        threshold: role.threshold,
        signed: ids.filter(id => signed.has(id)),
        waiting: ids.filter(id => !signed.has(id)),
      }
    })
  })
}

/** The files of a draft with the signatures that hold, by the names of the documents. */
export function assembleDraft(
  draft: Draft,
  signatures: readonly DraftSignature[],
): Map<string, Uint8Array> {
  refuseOtherDraft(draft, signatures)
  return new Map(
    draft.documents.map(document => [
      nameOf(document),
      fileOf(document, goodSignatures(draft, document, signatures)),
    ]),
  )
}

/** What a document is called among those of its draft, and its file in {@link Draft.held}. */
export function nameOf({ kind, name }: Pick<DraftDocument, 'kind' | 'name'>): string {
  return kind === 'role' ? `role/${name}` : kind
}

/** Both the old root and the new one sign a root; everything else, whoever will be in charge. */
function askedFor(draft: Draft, document: DraftDocument): { by: string; role: SigningRole }[] {
  const roots = [heldRoot(draft), newRoot(draft)].filter(root => root !== undefined)
  const last = roots.at(-1)
  const inCharge = last ? [{ by: last.by, role: last.root }] : []
  switch (document.kind) {
    case 'root':
    case 'owner-root':
      return roots.map(({ by, root }) => ({ by, role: root }))
    case 'policy':
      return inCharge
    case 'targets':
      return last?.targets ? [{ by: last.by, role: last.targets }] : []
    case 'role':
      return delegationsOf(draft, document.name)
  }
}

interface Charge {
  readonly by: string
  readonly root: SigningRole
  readonly targets?: SigningRole
}

function heldRoot({ held }: Draft): Charge | undefined {
  const catalogue = held.get('root')
  const owner = held.get('owner-root')
  if (catalogue) return catalogueCharge(parseMetadata('root', catalogue).signed)
  return owner && ownerCharge(reopenOwnerRoot(parseEnvelopeBytes(owner)))
}

function newRoot({ documents }: Draft): Charge | undefined {
  const document = documents.find(({ kind }) => kind === 'root' || kind === 'owner-root')
  if (!document) return undefined
  return document.kind === 'root'
    ? catalogueCharge(parseMetadata('root', fileOf(document, new Map())).signed)
    : ownerCharge(ownerRoot(document.content, 'owner root'))
}

function catalogueCharge(root: Parameters<typeof topRole>[0]): Charge {
  const by = `root ${root.version}`
  return { by, root: topRole(root, 'root'), targets: topRole(root, 'targets') }
}

function ownerCharge(root: Parameters<typeof ownerRole>[0]): Charge {
  return { by: `owner root ${root.version}`, root: ownerRole(root, 'root') }
}

function delegationsOf(draft: Draft, name: string): { by: string; role: SigningRole }[] {
  const next = draft.documents.find(({ kind }) => kind === 'targets')
  const file = next ? fileOf(next, new Map()) : draft.held.get('targets')
  if (!file) return []
  const { version, delegations } = parseMetadata('targets', file).signed
  // A publisher's bins are signed by whoever signs its role.
  const found = delegations?.roles?.find(role => role.name === publisherOf(name))
  if (!delegations || !found) return []
  return [{ by: `targets ${version}`, role: toSigningRole(delegations.keys, found) }]
}

function goodSignatures(
  draft: Draft,
  document: DraftDocument,
  signatures: readonly DraftSignature[],
): Map<string, Uint8Array> {
  const message = messageOf(document)
  const keys = askedFor(draft, document).flatMap(({ role }) => role.keys)
  const byId = new Map(keys.map(key => [keyIdOf(key), fromHex(key.keyval.public)]))
  const good = signatures.flatMap(({ keyid, signatures: own }): [string, Uint8Array][] => {
    const key = byId.get(keyid)
    const sig = toBytes(own.get(nameOf(document)))
    return key && sig && isSignedBy(key, message, sig) ? [[keyid, sig]] : []
  })
  return new Map(good.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function toBytes(hex: string | undefined): Uint8Array | undefined {
  return hex !== undefined && /^[0-9a-f]{128}$/.test(hex) ? fromHex(hex) : undefined
}

function refuseOtherDraft(draft: Draft, signatures: readonly DraftSignature[]): void {
  const digest = draftDigest(draft)
  const other = signatures.find(signature => signature.draft !== digest)
  if (!other) return
  const message = `cannot use the signature of key ${other.keyid}: it is of another draft`
  throw new AuthorityError('authority/draft', message, { expected: digest, found: other.draft })
}

function isIn(role: SigningRole, keyid: string): boolean {
  return role.keys.some(key => keyIdOf(key) === keyid)
}
