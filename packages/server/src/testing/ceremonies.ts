import { join } from 'node:path'
import {
  assembleDraft,
  type Draft,
  type OwnerFiles,
  type Signer,
  signDraft,
} from '@steadfleet/authority'
import { toBase64 } from '@steadfleet/base'
import type { PublisherName } from '@steadfleet/domain'
import {
  applyCatalogue,
  applyOwner,
  type Client,
  type EnvelopeView,
  getOwnerRoot,
  getPolicy,
  type ReplyOf,
} from '@steadfleet/protocol'
import { parseEnvelopeBytes } from '@steadfleet/trust'
import { type InForce, readInForce } from '../catalogue/catalogue-folder.ts'

/** What a server's folder has in force, to draft from. */
export function catalogueIn(data: string): Promise<InForce> {
  return readInForce(join(data, 'catalogue'))
}

/** The owner's documents of these versions. */
export async function ownerAt(client: Client, version: number): Promise<OwnerFiles> {
  const root = await client.call(getOwnerRoot, { params: { version: String(version) } })
  return { root, policy: await client.call(getPolicy, {}) }
}

/** The files of a draft, signed by these. */
export async function signedBy(
  draft: Draft,
  signers: readonly Signer[],
): Promise<Map<string, Uint8Array>> {
  return assembleDraft(draft, await Promise.all(signers.map(signer => signDraft(draft, signer))))
}

export function putCatalogue(
  client: Client,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<ReplyOf<typeof applyCatalogue>> {
  const [root, targets] = [files.get('root'), files.get('targets')]
  const roles = [...files].flatMap(([name, file]) =>
    name.startsWith('role/')
      ? [{ name: name.slice(5) as PublisherName, file: toBase64(file) }]
      : [],
  )
  const body = {
    ...(root && { root: toBase64(root) }),
    ...(targets && { targets: toBase64(targets) }),
    roles,
  }
  return client.call(applyCatalogue, { body })
}

export function putOwner(
  client: Client,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<ReplyOf<typeof applyOwner>> {
  const [root, policy] = ['owner-root', 'policy'].map(name => {
    const file = files.get(name)
    return file && (parseEnvelopeBytes(file) as EnvelopeView)
  })
  return client.call(applyOwner, { body: { ...(root && { root }), ...(policy && { policy }) } })
}
