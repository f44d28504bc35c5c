import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  type BuilderRow,
  makeDelegatedRole,
  makeRoot,
  makeTargets,
  type Signer,
  signMetadata,
} from '@steadfleet/authority'
import { type Digest, digestOf, toBase64 } from '@steadfleet/base'
import { parsePublisherName } from '@steadfleet/domain'
import {
  type CatalogueView,
  getFileOfCatalogue,
  listCatalogues,
  makeCatalogue,
  makeCatalogueKeys,
  readCapped,
} from '@steadfleet/protocol'
import { type PublicKey, parseMetadata, publicKey } from '@steadfleet/trust'
import { CliError } from '../error.ts'
import { builderKey, type Home, keyFolder, publisherKey } from '../fleet/home.ts'
import type { Fleet } from '../fleet/open.ts'
import { listKeys, type Protection, readSigner, writeKey } from '../keys/key-file.ts'
import { builder } from '../publish/builder.ts'
import type { World } from '../world.ts'
import { withCatalogue } from './policy-changes.ts'
import { openPolicyDraft, savePolicyDraft } from './policy-draft.ts'

/** The longest root file that is read. */
const longestRoot = 512_000

/** Who signs releases in a new catalogue, and who builds them; what is absent is as `init` has it. */
export interface PublisherChoices {
  /** Keys at hand that sign the publisher's role; its own otherwise. */
  readonly signers?: readonly Signer[]
  /** Keys that lie elsewhere and may sign it too. */
  readonly others?: readonly PublicKey[]
  /** How many must sign; one otherwise. */
  readonly threshold?: number
  /** Whose provenance counts; the fleet's own builder otherwise. */
  readonly builders?: readonly BuilderRow[]
}

/**
 * Makes an owner's own catalogue: its offline keys here, its online keys in the signer, its first files
 * signed here and put in force by the server; and drafts the policy that lets it count.
 */
export async function makeOwnCatalogue(
  fleet: Fleet,
  typed: string,
  world: Pick<World, 'now' | 'random'>,
  choices: PublisherChoices = {},
): Promise<CatalogueView> {
  const { home, client } = fleet
  const name = parsePublisherName(typed)
  const { next } = await openPolicyDraft(fleet)
  if (next.catalogues.some(one => one.name === name)) {
    const message = `cannot make catalogue ${name}: the policy has one of this name`
    throw new CliError('cli/refused', message, { catalogue: name })
  }
  const made = (await client.call(listCatalogues, {})).find(one => one.name === name)
  // An interrupted call may have made it and drafted nothing; only what our own keys signed counts.
  if (made && (await isSignedHere(fleet, made))) {
    await savePolicyDraft(home, withCatalogue(next, namedAs(home, name, made.root)))
    return made
  }
  const online = await client.call(makeCatalogueKeys, { params: { catalogue: name } })
  const root = await offlineKeys(home, `${name}-root`, world)
  const targets = await offlineKeys(home, `${name}-targets`, world)
  const publisher = await publisherOf(home, choices)
  const builders = await buildersOf(home, choices)
  const now = world.now()
  const roles = {
    root: roleOf(root, 2),
    targets: roleOf(targets, 2),
    snapshot: { keys: [publicKey(online.snapshot, 'snapshot key')], threshold: 1 },
    timestamp: { keys: [publicKey(online.timestamp, 'timestamp key')], threshold: 1 },
  }
  const rootFile = await signMetadata(makeRoot(1, roles, now), root)
  const publishers = [{ name: home.publisher, ...publisher.role }]
  const targetsFile = await signMetadata(makeTargets(1, publishers, now), targets)
  const releases = { ...makeDelegatedRole(1, {}, now), ...(builders && { builders }) }
  const role = await signMetadata(releases, publisher.signers)
  const view = await client.call(makeCatalogue, {
    params: { catalogue: name },
    body: {
      root: toBase64(rootFile),
      targets: toBase64(targetsFile),
      roles: { [home.publisher]: toBase64(role) },
    },
  })
  await savePolicyDraft(home, withCatalogue(next, namedAs(home, name, digestOf(rootFile))))
  return view
}

/** Who is to sign releases; as many of them as must are at hand. Errors: `cli/key`. */
async function publisherOf(
  home: Home,
  { signers = [], others = [], threshold = 1 }: PublisherChoices,
) {
  const here = signers.length > 0 ? signers : [await publisherKey(home)]
  if (here.length < threshold) {
    const message = `cannot sign the role of ${home.publisher}: ${here.length} of ${threshold} keys are named`
    throw new CliError('cli/key', message, { threshold, found: here.length })
  }
  const keys = [...here.map(({ key }) => key), ...others]
  return { signers: here, role: { keys, threshold } }
}

/** A fleet whose builder's key lies elsewhere does not say who may build, before `builder add` does. */
async function buildersOf(
  home: Home,
  { builders }: PublisherChoices,
): Promise<readonly BuilderRow[] | undefined> {
  if (builders || !existsSync(join(keyFolder(home), 'builder.pem'))) return builders
  return [{ id: builder.id, key: (await builderKey(home)).key }]
}

function namedAs({ publisher }: Home, name: string, root: Digest) {
  return { name, root, allowed: [publisher], refused: [] }
}

/** Whether keys on this machine are the root of a catalogue that the server has: its file says so. */
async function isSignedHere(
  { home, client }: Fleet,
  { name, root, origin }: CatalogueView,
): Promise<boolean> {
  if (origin !== null) return false
  const { body } = await client.open(getFileOfCatalogue, {
    params: { catalogue: name, file: '1.root.json' },
  })
  const bytes = await readCapped('1.root.json', body, longestRoot)
  const { signed } = parseMetadata('root', bytes)
  const own = new Set((await listKeys(keyFolder(home))).map(({ keyid }) => keyid))
  const { keyids, threshold } = signed.roles.root
  return digestOf(bytes) === root && keyids.filter(id => own.has(id)).length >= threshold
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
