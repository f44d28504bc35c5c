import { type Digest, parseStrictJson } from '@steadfleet/base'
import { parseModelGrants } from '@steadfleet/domain'
import {
  type Client,
  type FleetView,
  getObject,
  listFleets,
  readCapped,
} from '@steadfleet/protocol'
import { type ModelStatement, modelPath, openModel, refreshCatalogue } from '@steadfleet/trust'
import { placeOf } from '../catalogue/place.ts'
import { openPolicyDraft } from '../catalogue/policy-draft.ts'
import { CliError } from '../error.ts'
import type { Fleet } from '../fleet/open.ts'
import type { Model } from './change-model.ts'

/** A statement of the fleet's model, and where the catalogue has it. */
export interface HeldModel {
  /** `acme/box/2/all` */
  readonly path: string
  readonly statement: Model
}

/** The longest statement that is read, in bytes. */
const longestStatement = 1_000_000

/** The statement that the server orders by. Errors: as of {@link modelNamed}. */
export async function heldModel(fleet: Fleet, now: Date): Promise<HeldModel> {
  return modelNamed(fleet, (await ownFleet(fleet)).model, now)
}

/** Packages that the fleet runs, by a channel each. */
export async function packagesRun(fleet: Fleet): Promise<readonly string[]> {
  return (await ownFleet(fleet)).packages.map(one => one.package)
}

async function ownFleet({ home, client }: Fleet): Promise<FleetView> {
  const own = (await client.call(listFleets, {})).find(({ name }) => name === home.fleet)
  if (own) return own
  throw new CliError('cli/not-found', `cannot find fleet ${home.fleet} on its server`)
}

/** The first revision after this statement's that no catalogue has. */
export async function freeRevision(
  fleet: Fleet,
  { model, revision }: ModelStatement,
  now: Date,
): Promise<number> {
  for (let next = revision + 1; ; next += 1) {
    if (!(await findModel(fleet, modelPath({ model, revision: next }), now))) return next
  }
}

/**
 * The statement of this path, from a catalogue of the owner's policy: the server is asked for bytes, and
 * not believed. Errors: `cli/not-found` where no catalogue has it.
 */
export async function modelNamed(fleet: Fleet, path: string, now: Date): Promise<HeldModel> {
  const found = await findModel(fleet, path, now)
  if (found) return found
  throw new CliError('cli/not-found', `cannot find model ${path}: no catalogue has it`, { path })
}

async function findModel(fleet: Fleet, path: string, now: Date): Promise<HeldModel | undefined> {
  const { home, client } = fleet
  const { held } = await openPolicyDraft(fleet)
  for (const { name } of held.catalogues) {
    const { root, store, fetcher } = placeOf(home, client, held, name)
    const target = await (await refreshCatalogue({ store, fetcher, now, firstRoot: root })).find(
      path,
    )
    if (!target) continue
    const content = await fetchContent(client, target.digest, target.length)
    const statement = openModel(target, content)
    return { path, statement: { ...statement, ...parseModelGrants(parseStrictJson(content)) } }
  }
  return undefined
}

async function fetchContent(client: Client, digest: Digest, length: number): Promise<Uint8Array> {
  const { body } = await client.open(getObject, { params: { digest } })
  return readCapped(`model ${digest}`, body, Math.min(length, longestStatement))
}
