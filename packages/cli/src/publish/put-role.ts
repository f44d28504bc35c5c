import {
  assembleDraft,
  type Draft,
  type DraftSignature,
  draftRole,
  nextVersion,
  type SignedTargets,
  type Signer,
  type Standing,
  signDraft,
  standingOf,
} from '@steadfleet/authority'
import { parsePublisherName } from '@steadfleet/domain'
import { type Client, publishRole, publishRoleIn } from '@steadfleet/protocol'
import { digestIn, parseMetadata } from '@steadfleet/trust'
import { writeDraft, writeSignature } from '../ceremony/draft-files.ts'
import { CliError } from '../error.ts'
import { publisherKey } from '../fleet/home.ts'
import type { Fleet } from '../fleet/open.ts'
import type { HeldRole } from './role.ts'
import { untilLogged } from './until-logged.ts'

/** Who signs a publisher's role, and where a draft of it goes while somebody else still must. */
export interface RoleSigning {
  /** Absent: the publisher's own key. */
  readonly signers?: readonly Signer[]
  /** The file that a draft of this version is written to; absent where the signers must suffice. */
  readonly draftAt?: (version: number) => string
}

/** A next role that waits for more signatures: the draft, and how far it is. */
export interface DraftedRole {
  readonly draft: string
  readonly standing: Standing
}

/** A role on its way into a catalogue, the fleet's first where none is named. */
export interface RolePlace extends RoleSigning {
  readonly catalogue?: string
  readonly now: Date
  readonly say: (line: string) => void
}

/**
 * Signs the next version of the publisher's role with every key that is given. At the threshold it comes
 * into force; below it the draft and these signatures are written, for others to add theirs.
 */
export async function putRole(
  { home, client }: Fleet,
  held: HeldRole,
  next: SignedTargets,
  { signers = [], draftAt, ...place }: RolePlace,
): Promise<DraftedRole | undefined> {
  const by = signers.length > 0 ? signers : [await publisherKey(home)]
  const content = nextVersion(next, 'publisher', place.now)
  const draft = draftRole(held.catalogue, home.publisher, content)
  const signatures = await Promise.all(by.map(signer => signDraft(draft, signer)))
  const [standing] = standingOf(draft, signatures)
  if (!standing) throw new RangeError(`role ${home.publisher} is not delegated to`)
  if (standing.signed.length >= standing.threshold) {
    await putDraftedRole(client, draft, signatures, place)
    return undefined
  }
  if (!draftAt) {
    const count = `${standing.signed.length} of ${standing.threshold}`
    throw new CliError('cli/key', `cannot sign role ${home.publisher}: ${count} keys are here`)
  }
  const path = draftAt(content.version)
  await writeDraft(path, draft)
  for (const signature of signatures) await writeSignature(path, signature)
  return { draft: path, standing }
}

/** Sends a role that its publisher's keys have signed, and waits until the log holds what is new in it. */
export async function putDraftedRole(
  client: Client,
  draft: Draft,
  signatures: readonly DraftSignature[],
  { catalogue, say }: Pick<RolePlace, 'catalogue' | 'say'>,
): Promise<number> {
  const [[name = '', body = new Uint8Array()] = []] = assembleDraft(draft, signatures)
  const role = parsePublisherName(name.replace(/^role\//, ''))
  const { version, waiting } =
    catalogue === undefined
      ? await client.call(publishRole, { params: { role }, body })
      : await client.call(publishRoleIn, {
          params: { catalogue: parsePublisherName(catalogue), role },
          body,
        })
  const { targets } = parseMetadata('targets', body).signed
  // Models come along too, but nothing lists them.
  const releases = waiting.flatMap(path => {
    const target = targets.get(path)
    return target && target.custom?.type === undefined ? [digestIn(target.hashes, path)] : []
  })
  if (releases.length > 0) await untilLogged({ client }, releases, say)
  return version
}
