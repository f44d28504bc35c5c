import { type Digest, digestOf } from '@steadfleet/base'
import { type OwnerId, ownerIdOf } from '@steadfleet/domain'
import {
  type LogChoice,
  type ModelStatement,
  modelPath,
  payloadTypes,
  type SigningRole,
} from '@steadfleet/trust'
import {
  type BuilderRow,
  makeDelegatedRole,
  makeRoot,
  makeSnapshot,
  makeTargets,
  makeTimestamp,
  signMetadata,
} from './metadata.ts'
import { addRelease, modelTarget } from './release.ts'
import { type Signer, signerFromSeed } from './signer.ts'
import {
  makeModel,
  makeOwnerRoot,
  makePolicy,
  signStatement,
  toEnvelopeBytes,
  toStatementBytes,
} from './statement.ts'

/** Seeds of 32 bytes for every key of a new owner who is a publisher too. */
export interface FirstSeeds {
  readonly catalogueRoot: readonly Uint8Array[]
  readonly targets: readonly Uint8Array[]
  readonly owner: readonly Uint8Array[]
  readonly publisher: Uint8Array
  readonly snapshot: Uint8Array
  readonly timestamp: Uint8Array
  readonly director: Uint8Array
}

export interface FirstNames {
  /** Also the name of its role, its name space and, in the policy, its catalogue. */
  readonly publisher: string
  readonly model: Omit<ModelStatement, 'type' | 'format'>
  /** For each interface, the packages that may ever have it; `*` for all. */
  readonly ceiling: ReadonlyMap<string, readonly string[]>
  /** Whose provenance counts; left out, the publisher's role does not say. */
  readonly builders?: readonly BuilderRow[]
  /** The log that the owner's devices follow; absent, they follow none. */
  readonly log?: LogChoice
}

/** All that `init` writes but the keys: every file has version 1 and is signed. */
export interface FirstFiles {
  /** By name: `catalogue/1.root.json` … `owner/1.policy.json`. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Of the first root file and of the first owner root file, for enrolment tokens. */
  readonly catalogueRoot: Digest
  readonly ownerRoot: Digest
  readonly owner: OwnerId
  /** The model statement: its target path, and its bytes, which the server keeps as an object. */
  readonly model: { readonly path: string; readonly content: Uint8Array }
}

/** The first files of a catalogue and of its owner: offline roles 2 of 3, online roles and publisher 1. */
export async function makeFirstFiles(
  seeds: FirstSeeds,
  names: FirstNames,
  now: Date,
): Promise<FirstFiles> {
  const model = makeModel(names.model)
  const content = toStatementBytes(model)
  const catalogue = await firstCatalogue(seeds, names, modelTarget(model, content), now)
  const catalogueRoot = digestOf(catalogue.root)
  const owner = await firstOwner(seeds, names, catalogueRoot, now)
  const files = new Map([
    ['catalogue/1.root.json', catalogue.root],
    ['catalogue/1.targets.json', catalogue.targets],
    [`catalogue/1.${names.publisher}.json`, catalogue.publisher],
    ['catalogue/1.snapshot.json', catalogue.snapshot],
    ['catalogue/timestamp.json', catalogue.timestamp],
    ['owner/1.owner-root.json', owner.root],
    ['owner/1.policy.json', owner.policy],
  ])
  return {
    files,
    catalogueRoot,
    ownerRoot: digestOf(owner.root),
    owner: owner.id,
    model: { path: modelPath(model), content },
  }
}

type CatalogueFiles = Readonly<
  Record<'root' | 'targets' | 'publisher' | 'snapshot' | 'timestamp', Uint8Array>
>

async function firstCatalogue(
  seeds: FirstSeeds,
  { publisher: name, builders }: FirstNames,
  model: ReturnType<typeof modelTarget>,
  now: Date,
): Promise<CatalogueFiles> {
  const rootKeys = seeds.catalogueRoot.map(signerFromSeed)
  const targetsKeys = seeds.targets.map(signerFromSeed)
  const snapshotKey = signerFromSeed(seeds.snapshot)
  const timestampKey = signerFromSeed(seeds.timestamp)
  const publisherKey = signerFromSeed(seeds.publisher)
  const roles = {
    root: roleOf(rootKeys, 2),
    targets: roleOf(targetsKeys, 2),
    snapshot: roleOf([snapshotKey], 1),
    timestamp: roleOf([timestampKey], 1),
  }
  const root = await signMetadata(makeRoot(1, roles, now), rootKeys)
  const publishers = [{ name, ...roleOf([publisherKey], 1) }]
  const targets = await signMetadata(makeTargets(1, publishers, now), targetsKeys)
  const empty = { ...makeDelegatedRole(1, {}, now), ...(builders && { builders }) }
  const releases = addRelease(empty, model.path, model.target)
  const publisher = await signMetadata(releases, [publisherKey])
  const files = new Map([
    ['targets', targets],
    [name, publisher],
  ])
  const snapshot = await signMetadata(makeSnapshot(1, files, now), [snapshotKey])
  const timestamp = await signMetadata(makeTimestamp(1, snapshot, now), [timestampKey])
  return { root, targets, publisher, snapshot, timestamp }
}

async function firstOwner(
  seeds: FirstSeeds,
  { publisher, ceiling, log = { quorum: 0 } }: FirstNames,
  catalogueRoot: Digest,
  now: Date,
): Promise<{ root: Uint8Array; policy: Uint8Array; id: OwnerId }> {
  const keys = seeds.owner.map(signerFromSeed)
  const roles = { root: roleOf(keys, 2), director: roleOf([signerFromSeed(seeds.director)], 1) }
  const ownerRoot = makeOwnerRoot(1, roles, now)
  const root = toEnvelopeBytes(await signStatement(payloadTypes.ownerRoot, ownerRoot, keys))
  const id = ownerIdOf(root)
  const policy = makePolicy(
    {
      owner: id,
      version: 1,
      catalogues: [{ name: publisher, root: catalogueRoot, allowed: [publisher], refused: [] }],
      log,
      ceiling,
    },
    now,
  )
  const sealed = await signStatement(payloadTypes.policy, policy, keys)
  return { root, policy: toEnvelopeBytes(sealed), id }
}

function roleOf(signers: readonly Signer[], threshold: number): SigningRole {
  return { keys: signers.map(({ key }) => key), threshold }
}
