import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  makeDelegatedRole,
  makeRoot,
  makeTargets,
  type Signer,
  signMetadata,
} from '@steadfleet/authority'
import { digestOf, toBase64 } from '@steadfleet/base'
import { parsePublisherName } from '@steadfleet/domain'
import { type CatalogueView, makeCatalogue, makeCatalogueKeys } from '@steadfleet/protocol'
import { type PublicKey, publicKey } from '@steadfleet/trust'
import { type Home, keyFolder, publisherKey } from '../fleet/home.ts'
import type { Fleet } from '../fleet/open.ts'
import { listKeys, type Protection, readSigner, writeKey } from '../keys/key-file.ts'
import type { World } from '../world.ts'
import { withCatalogue } from './policy-changes.ts'
import { openPolicyDraft, savePolicyDraft } from './policy-draft.ts'

/**
 * Makes an owner's own catalogue: its offline keys here, its online keys in the signer, its first files
 * signed here and put in force by the server; and drafts the policy that lets it count.
 */
export async function makeOwnCatalogue(
  fleet: Fleet,
  typed: string,
  world: Pick<World, 'now' | 'random'>,
): Promise<CatalogueView> {
  const { home, client } = fleet
  const name = parsePublisherName(typed)
  const { next } = await openPolicyDraft(fleet)
  const online = await client.call(makeCatalogueKeys, { params: { catalogue: name } })
  const root = await offlineKeys(home, `${name}-root`, world)
  const targets = await offlineKeys(home, `${name}-targets`, world)
  const publisher = await publisherKey(home)
  const now = world.now()
  const roles = {
    root: roleOf(root, 2),
    targets: roleOf(targets, 2),
    snapshot: { keys: [publicKey(online.snapshot, 'snapshot key')], threshold: 1 },
    timestamp: { keys: [publicKey(online.timestamp, 'timestamp key')], threshold: 1 },
  }
  const rootFile = await signMetadata(makeRoot(1, roles, now), root)
  const publishers = [{ name: home.publisher, ...roleOf([publisher], 1) }]
  const targetsFile = await signMetadata(makeTargets(1, publishers, now), targets)
  const role = await signMetadata(makeDelegatedRole(1, {}, now), [publisher])
  const view = await client.call(makeCatalogue, {
    params: { catalogue: name },
    body: {
      root: toBase64(rootFile),
      targets: toBase64(targetsFile),
      roles: { [home.publisher]: toBase64(role) },
    },
  })
  const named = { name, root: digestOf(rootFile), allowed: [home.publisher], refused: [] }
  await savePolicyDraft(home, withCatalogue(next, named))
  return view
}

/** Three keys of a role; those that an interrupted call has made are used again. */
async function offlineKeys(
  home: Home,
  name: string,
  { random }: Pick<World, 'random'>,
): Promise<Signer[]> {
  const folder = keyFolder(home)
  const protection = await protectionIn(home)
  const signers: Signer[] = []
  for (const number of [1, 2, 3]) {
    const file = join(folder, `${name}-${number}.pem`)
    const key = { name: `${name}-${number}`, seed: random(32) }
    if (!existsSync(file)) await writeKey(folder, key, protection, random)
    signers.push(await readSigner(file, home.passphrase))
  }
  return signers
}

/** New keys are kept as the others of the fleet are. */
async function protectionIn(home: Home): Promise<Protection> {
  const keys = await listKeys(keyFolder(home))
  if (!keys.some(({ isEncrypted }) => isEncrypted)) return 'unencrypted'
  return { passphrase: await home.passphrase() }
}

function roleOf(signers: readonly Signer[], threshold: number) {
  return { keys: signers.map(({ key }): PublicKey => key), threshold }
}
