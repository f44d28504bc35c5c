import { addReleases, modelTarget, roleFor, toStatementBytes } from '@steadfleet/authority'
import { type Digest, digestOf } from '@steadfleet/base'
import { setModel } from '@steadfleet/protocol'
import { type ModelStatement, modelPath } from '@steadfleet/trust'
import { CliError } from '../error.ts'
import type { Fleet } from '../fleet/open.ts'
import { noteSigned } from '../log/signed-list.ts'
import { documentsOf, withBins } from '../publish/held-bins.ts'
import { type DraftedRole, putRole, type RolePlace } from '../publish/put-role.ts'
import { heldRole } from '../publish/role.ts'
import { uploadMissing } from '../publish/upload.ts'

/**
 * Sends a statement and signs the publisher's role with it, as a release is published. Yields the draft
 * where others must sign too. Errors: `cli/name-space` for another publisher's model.
 */
export async function publishModel(
  fleet: Fleet,
  statement: ModelStatement,
  place: RolePlace,
): Promise<DraftedRole | undefined> {
  const { home, client } = fleet
  refuseOtherPublisher(fleet, statement)
  const bytes = toStatementBytes(statement)
  const digest = digestOf(bytes)
  await uploadMissing(client, bundled(digest, bytes), () => undefined)
  const named = modelTarget(statement, bytes)
  const held = await heldRole(home, client, place.now)
  const full = await withBins(held, [roleFor(home.publisher, held.signed, named.path)])
  const grown = addReleases(home.publisher, documentsOf(full, home.publisher), [named])
  await noteSigned(home, [{ path: named.path, digest, length: bytes.length }])
  return putRole(fleet, full, grown, place)
}

/** From here on the fleet is ordered by this statement. */
export async function useModel({ home, client }: Fleet, statement: ModelStatement): Promise<void> {
  const body = { model: modelPath(statement) }
  await client.call(setModel, { params: { fleet: home.fleet }, body })
}

function refuseOtherPublisher({ home }: Fleet, { model }: ModelStatement): void {
  if (model.startsWith(`${home.publisher}/`)) return
  const message = `cannot publish model ${model}: this fleet's key is of the name space ${home.publisher}`
  throw new CliError('cli/name-space', message, { model, 'name-space': home.publisher })
}

/** The one object, as the bundle that an upload is. */
function bundled(digest: Digest, bytes: Uint8Array): Parameters<typeof uploadMissing>[1] {
  const objects = new Map([[digest, { bytes, length: bytes.length }]])
  return { objects, treeDigest: digest, recordDigest: digest }
}
