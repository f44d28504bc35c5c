import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fleet } from '../fleet/open.ts'
import { readPacked } from '../pack/index.ts'
import {
  type Publication,
  type Published,
  placeFor,
  signRole,
  toPublished,
  upload,
} from './publish.ts'

/**
 * Publishes a release that another machine built, with a builder's key that is not here: the
 * publisher's key signs it only if the role lists that builder.
 */
export async function publishBundle(
  fleet: Fleet,
  what: Pick<Publication, 'path' | 'catalogue' | 'now' | 'say' | 'signers' | 'draftAt'>,
): Promise<Published> {
  const scratch = await mkdtemp(join(tmpdir(), 'steadfleet-publish-'))
  try {
    const packed = await readPacked(what.path, scratch)
    const { package: name, version, revision } = packed.release
    const place = await placeFor(fleet, name, what.catalogue)
    const uploaded = await upload(fleet, packed, what)
    const drafted = await signRole(fleet, [packed], { ...what, place })
    const releases = [toPublished(packed, uploaded)]
    return { package: name, version, revision, releases, ...(drafted && { drafted }) }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
