import {
  assembleDraft,
  type Draft,
  type DraftSignature,
  draftRoles,
  isBin,
  nextVersion,
  publisherOf,
  type RoleDocuments,
  type Signer,
  type Standing,
  signDraft,
  standingOf,
} from '@steadfleet/authority'
import { toBase64 } from '@steadfleet/base'
import { parsePublisherName } from '@steadfleet/domain'
import {
  type Client,
  publishFiles,
  publishFilesIn,
  publishRole,
  publishRoleIn,
} from '@steadfleet/protocol'
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
  /** The file that a draft of this edition (`3`, `bin-0f-3`) goes to; absent where the signers must suffice. */
  readonly draftAt?: (edition: string) => string
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
 * Signs next versions of the publisher's documents, its role or bins of it, with every key that is given.
 * At the threshold they come into force together; below it the draft and these signatures are written,
 * for others to add theirs.
 */
export async function putRole(
  { home, client }: Fleet,
  held: HeldRole,
  next: RoleDocuments,
  { signers = [], draftAt, ...place }: RolePlace,
): Promise<DraftedRole | undefined> {
  const by = signers.length > 0 ? signers : [await publisherKey(home)]
  const draft = draftRoles(held.catalogue, nextVersions(next, place.now))
  const signatures = await Promise.all(by.map(signer => signDraft(draft, signer)))
  const standings = standingOf(draft, signatures)
  const standing = standings.find(one => !isMet(one)) ?? standings[0]
  if (!standing) throw new RangeError(`role ${home.publisher} is not delegated to`)
  if (isMet(standing)) {
    await putDraftedRole(client, draft, signatures, place)
    return undefined
  }
  if (!draftAt) {
    const count = `${standing.signed.length} of ${standing.threshold}`
    throw new CliError('cli/key', `cannot sign role ${home.publisher}: ${count} keys are here`)
  }
  const path = draftAt(editionOf(draft))
  await writeDraft(path, draft)
  for (const signature of signatures) await writeSignature(path, signature)
  return { draft: path, standing }
}

/** Each document one version on, good for a publisher's time from `now`. */
export function nextVersions(documents: RoleDocuments, now: Date): RoleDocuments {
  const next = [...documents].map(
    ([name, signed]) => [name, nextVersion(signed, 'publisher', now)] as const,
  )
  return new Map(next)
}

function isMet({ signed, threshold }: Standing): boolean {
  return signed.length >= threshold
}

/** The role's version; of bins alone, the first of them and its version. */
function editionOf({ documents: [first] }: Draft): string {
  const { name = '', content } = first ?? {}
  const bin = name.slice(publisherOf(name).length + 1)
  return [...(bin === '' ? [] : [bin]), String(content?.version)].join('-')
}

/**
 * Sends what a publisher's keys have signed, all of it together, and waits until the log holds what is
 * new in it. Yields the version of each document.
 */
export async function putDraftedRole(
  client: Client,
  draft: Draft,
  signatures: readonly DraftSignature[],
  { catalogue, say }: Pick<RolePlace, 'catalogue' | 'say'>,
): Promise<Readonly<Record<string, number>>> {
  const signed = assembleDraft(draft, signatures)
  const files = [...signed].map(([name, file]) => [name.replace(/^role\//, ''), file] as const)
  const waiting = await send(client, files, catalogue)
  const read = files.map(([, file]) => parseMetadata('targets', file).signed)
  const targets = new Map(read.flatMap(one => [...one.targets]))
  // Models come along too, but nothing lists them.
  const releases = waiting.flatMap(path => {
    const target = targets.get(path)
    return target && target.custom?.type === undefined ? [digestIn(target.hashes, path)] : []
  })
  if (releases.length > 0) await untilLogged({ client }, releases, say)
  return Object.fromEntries([...signed.keys()].map((name, i) => [name, read[i]?.version ?? 0]))
}

/** A role alone goes as it is, which every server takes. */
async function send(
  client: Client,
  files: readonly (readonly [role: string, file: Uint8Array])[],
  catalogue: string | undefined,
): Promise<readonly string[]> {
  const [[name, file] = ['', new Uint8Array()]] = files
  const role = parsePublisherName(publisherOf(name))
  const isAlone = files.length === 1 && !isBin(name)
  const set = { files: files.map(([one, bytes]) => ({ name: one, file: toBase64(bytes) })) }
  if (catalogue === undefined) {
    const reply = isAlone
      ? await client.call(publishRole, { params: { role }, body: file })
      : await client.call(publishFiles, { params: { role }, body: set })
    return reply.waiting
  }
  const params = { catalogue: parsePublisherName(catalogue), role }
  const reply = isAlone
    ? await client.call(publishRoleIn, { params, body: file })
    : await client.call(publishFilesIn, { params, body: set })
  return reply.waiting
}
