import {
  acceptCatalogueStep,
  type CatalogueStep,
  heldOf,
  publisherOf,
  readSigned,
} from '@steadfleet/authority'
import { writeSet } from '../disk/file-set.ts'
import { ServerError } from '../error.ts'
import type { InForce } from './catalogue-folder.ts'
import { inPublishersWords } from './publishers-words.ts'
import { type Signing, signSnapshot, signTimestamp } from './sign-online.ts'

/**
 * Puts a step in force, or refuses all of it. What the signer signs for it holds under the root
 * before and the root after, so that a client that reads meanwhile finds either of them whole.
 */
export async function applyStep(
  options: Signing & { readonly folder: string },
  inForce: InForce,
  step: CatalogueStep,
): Promise<void> {
  const fresh = withoutHeld(inForce, step)
  if (!fresh.root && !fresh.targets && fresh.roles.size === 0) return
  inPublishersWords(() => acceptCatalogueStep(inForce, fresh, options.now()))
  refuseNewReleases(inForce, fresh)
  try {
    if (fresh.root) await options.signer().offerRoot(fresh.root, options.name)
    await writeSet(options.folder, await signStep(options, inForce, fresh))
  } finally {
    // Where the root is there now, the old keys are gone after this; else the offer is.
    if (fresh.root) await options.signer().look(options.name)
  }
}

/** A step that is sent again, because its reply was lost, is in force: the same bytes are no change. */
function withoutHeld(inForce: InForce, { root, targets, roles }: CatalogueStep): CatalogueStep {
  const isHeld = (held: Uint8Array | undefined, offered: Uint8Array): boolean =>
    held !== undefined && Buffer.compare(held, offered) === 0
  const changed = [...roles].filter(
    ([role, bytes]) => !isHeld(inForce.roles.get(role)?.bytes, bytes),
  )
  return {
    ...(root && !isHeld(inForce.root.bytes, root) && { root }),
    ...(targets && !isHeld(inForce.targets.bytes, targets) && { targets }),
    roles: new Map(changed),
  }
}

/** A release is published, where all that it names is looked for; a ceremony brings none. */
function refuseNewReleases(inForce: InForce, { roles }: CatalogueStep): void {
  for (const [role, bytes] of roles) {
    const held = [...heldOf(inForce, publisherOf(role)).values()]
    const { targets } = readSigned('targets', bytes)
    const path = Object.keys(targets).find(
      one => !held.some(({ signed }) => signed.targets.has(one)),
    )
    if (path === undefined) continue
    const message = `cannot put ${role} in force with ${path}: it was not published before`
    throw new ServerError('release/unpublished', message, { role, path })
  }
}

/** The files of a step: its own, and the snapshot and timestamp that make it true. */
async function signStep(
  options: Signing,
  inForce: InForce,
  { root, targets, roles }: CatalogueStep,
): Promise<Map<string, Uint8Array>> {
  const changed = new Map([...(targets ? [['targets', targets] as const] : []), ...roles])
  const snapshot = await signSnapshot(options, inForce, changed)
  const timestamp = await signTimestamp(options, inForce, snapshot.bytes)
  const files = new Map(
    [...changed].map(([role, bytes]) => [`${versionOf(bytes)}.${role}.json`, bytes]),
  )
  files.set(`${snapshot.version}.snapshot.json`, snapshot.bytes)
  files.set('timestamp.json', timestamp)
  // The root comes last: what is signed for it holds under the old one, not the other way round.
  if (root) files.set(`${inForce.root.signed.version + 1}.root.json`, root)
  return files
}

function versionOf(targets: Uint8Array): number {
  return readSigned('targets', targets).version
}
