import {
  acceptCatalogueStep,
  acceptOwnerStep,
  assembleDraft,
  type CatalogueStep,
  type Draft,
  type DraftSignature,
  type OwnerStep,
} from '@steadfleet/authority'
import { toBase64 } from '@steadfleet/base'
import { parsePublisherName } from '@steadfleet/domain'
import {
  applyCatalogue,
  applyCatalogueIn,
  applyOwner,
  type Client,
  type EnvelopeView,
} from '@steadfleet/protocol'
import { parseEnvelopeBytes, parseMetadata, reopenOwnerRoot, reopenPolicy } from '@steadfleet/trust'
import { putDraftedRole, type RolePlace } from '../publish/put-role.ts'

/** The versions in force after a draft was applied, by document. */
export type Applied = Readonly<Record<string, number>>

/**
 * Checks a draft's signatures as a device will, then sends it to the server, which checks them again.
 * The server takes all of it or nothing; to apply it again changes nothing.
 */
export async function applyDraft(
  client: Client,
  draft: Draft,
  signatures: readonly DraftSignature[],
  place: Pick<RolePlace, 'catalogue' | 'now' | 'say'>,
): Promise<Applied> {
  if (draft.documents.every(({ kind }) => kind === 'role')) {
    return putDraftedRole(client, draft, signatures, place)
  }
  const files = assembleDraft(draft, signatures)
  return draft.held.has('owner-root')
    ? applyToOwner(client, draft, files, place.now)
    : applyToCatalogue(client, draft, files, place)
}

type Files = ReadonlyMap<string, Uint8Array>

function applyToCatalogue(
  client: Client,
  { held }: Draft,
  files: Files,
  { catalogue, now }: Pick<RolePlace, 'catalogue' | 'now'>,
): Promise<Applied> {
  const [root, targets] = [files.get('root'), files.get('targets')]
  const step: CatalogueStep = {
    ...(root && { root }),
    ...(targets && { targets }),
    roles: rolesIn(files),
  }
  const roles = [...rolesIn(held)].map(
    ([name, file]) => [name, parseMetadata('targets', file)] as const,
  )
  const before = {
    root: parseMetadata('root', fileIn(held, 'root')),
    targets: parseMetadata('targets', fileIn(held, 'targets')),
    roles: new Map(roles),
  }
  acceptCatalogueStep(before, step, now)
  const body = {
    ...(root && { root: toBase64(root) }),
    ...(targets && { targets: toBase64(targets) }),
    roles: [...step.roles].map(([name, file]) => ({ name, file: toBase64(file) })),
  }
  if (catalogue === undefined) return client.call(applyCatalogue, { body })
  const params = { catalogue: parsePublisherName(catalogue) }
  return client.call(applyCatalogueIn, { params, body })
}

function applyToOwner(client: Client, { held }: Draft, files: Files, now: Date): Promise<Applied> {
  const [root, policy] = [files.get('owner-root'), files.get('policy')]
  const step: OwnerStep = {
    ...(root && { root: parseEnvelopeBytes(root) }),
    ...(policy && { policy: parseEnvelopeBytes(policy) }),
  }
  const heldPolicy = parseEnvelopeBytes(fileIn(held, 'policy'))
  const policySigned = reopenPolicy(heldPolicy)
  const heldRoot = reopenOwnerRoot(parseEnvelopeBytes(fileIn(held, 'owner-root')))
  const before = { owner: policySigned.owner, root: heldRoot, policy: heldPolicy, policySigned }
  acceptOwnerStep(before, step, now)
  return client.call(applyOwner, { body: step as { root?: EnvelopeView; policy?: EnvelopeView } })
}

function rolesIn(files: Files): Map<string, Uint8Array> {
  return new Map(
    [...files].flatMap(([name, file]): [string, Uint8Array][] =>
      name.startsWith('role/') ? [[name.slice('role/'.length), file]] : [],
    ),
  )
}

function fileIn(files: Files, name: string): Uint8Array {
  return files.get(name) ?? new Uint8Array()
}
