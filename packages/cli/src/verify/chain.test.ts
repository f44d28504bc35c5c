import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  addRelease,
  type BuilderRow,
  makeDelegatedRole,
  releaseTarget,
  type Signer,
  signPayload,
  toEnvelopeBytes,
  toLogProofText,
} from '@steadfleet/authority'
import {
  freshen,
  pretendCatalogue,
  pretendCosigned,
  pretendLog,
  pretendLogPolicy,
  pretendSigner,
  seal,
} from '@steadfleet/authority/testing'
import {
  type Digest,
  digestOf,
  fromUtf8,
  parseStrictJson,
  toDocument,
  toUtf8,
} from '@steadfleet/base'
import type { ReleaseRecord } from '@steadfleet/domain'
import { makeProvenance, parseLock, toLockBytes } from '@steadfleet/evidence'
import { makeSbom } from '@steadfleet/evidence/sbom'
import { logDigest, payloadTypes, toLeaf } from '@steadfleet/trust'
import { type PackResult, pack, readManifest } from '../pack/index.ts'
import { type Pins, verifyChain } from './chain.ts'
import type { Link } from './link.ts'
import { verifyRebuild } from './rebuild.ts'
import { parseEvidence, type ReleaseEvidence, toEvidenceBytes } from './release-evidence.ts'

const now = new Date('2026-11-21T00:00:00Z')
const id = 'https://ci.example/acme'
const [ours, stranger] = [pretendSigner('builder'), pretendSigner('stranger')]
const listed: BuilderRow = { id, key: ours.key }

describe('the chain of a release', () => {
  let scratch = ''
  let built: PackResult
  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'steadfleet-chain-'))
    built = await build(scratch)
  })
  after(() => rmSync(scratch, { recursive: true, force: true }))

  const made = (changes: Changes = {}) => makeEvidence(built, changes)

  test('that holds tells who signed, logged and built what', async () => {
    const { links } = await follow(await made())
    const facts = Object.fromEntries(links.map(({ name, facts }) => [name, facts]))
    assert.deepEqual(
      links.map(({ name }) => name),
      [
        'root',
        'targets',
        'publisher',
        'freshness',
        'log',
        'record',
        'tree',
        'SBOM',
        'provenance',
        'inputs',
      ],
    )
    assert.match(String(facts.root?.signers), /^[0-9a-f]{64}(,[0-9a-f]{64}){2}$/)
    assert.equal(facts.publisher?.role, 'acme')
    assert.equal(facts.publisher?.record, digestOf(built.record))
    assert.equal(facts.log?.index, 1)
    assert.deepEqual(facts.log?.witnesses, ['ada.example 2026-11-21T00:00:00Z'])
    assert.equal(facts.provenance?.builder, id)
    assert.equal(facts.inputs?.folders, 1)
  })

  test('is the same out of a file', async () => {
    const one = await made()
    const read = { ...one, evidence: parseEvidence(toEvidenceBytes(one.evidence)) }
    assert.deepEqual((await follow(read)).links, (await follow(one)).links)
  })

  test('without a log says so, where none was chosen', async () => {
    const { evidence, pins } = await made()
    const { log: _, ...bare } = evidence
    const { links } = await follow({ evidence: bare, pins: { ...pins, log: 'none' } })
    assert.equal(links.find(({ name }) => name === 'log')?.facts.origin, 'none')
  })

  const broken: [what: string, changes: Changes, at: number, code: string][] = [
    ['root is another one', { pins: { root: digestOf(toUtf8('other')) } }, 0, 'trust/first-root'],
    ['root lacks a signature', { spoil: { '1.root.json': unsign } }, 0, 'trust/first-root'],
    ['targets lost a signature', { spoil: { '1.targets.json': unsign } }, 0, 'trust/mismatch'],
    ['role is signed by a stranger', { publisher: stranger }, 0, 'trust/threshold'],
    ['role was changed', { spoil: { '2.acme.json': flip } }, 0, 'trust/mismatch'],
    ['role has no such release', { path: 'acme/hello/9/amd64' }, 2, 'verify/not-published'],
    [
      'timestamp is gone',
      { spoil: { 'timestamp.json': () => undefined } },
      0,
      'trust/missing-metadata',
    ],
    ['log holds something else', { leaf: toUtf8('something else') }, 4, 'trust/not-logged'],
    ['log has too few witnesses', { witnesses: [] }, 4, 'trust/witness-quorum'],
    ['log is another one', { pins: { log: digestOf(toUtf8('other')) } }, 4, 'verify/log'],
    ['log was left out', { hasNoLog: true }, 4, 'verify/log'],
    ['record was changed', { swap: ({ record }) => [record, flip(record)] }, 5, 'verify/digest'],
    ['record is gone', { swap: ({ record }) => [record, undefined] }, 5, 'verify/missing'],
    [
      'record says another version than the role',
      { custom: { version: '2.0' } },
      5,
      'verify/record',
    ],
    [
      'tree was changed',
      { swap: ({ tree }) => [toDocument(tree), flip(toDocument(tree))] },
      6,
      'verify/digest',
    ],
    ['SBOM was changed', { swap: ({ sbom }) => [sbom, flip(sbom)] }, 7, 'verify/digest'],
    ['SBOM is of another tree', { sbom: true }, 7, 'verify/sbom'],
    [
      'provenance was changed',
      { swap: ({ provenance }) => [provenance, flip(provenance)] },
      8,
      'verify/digest',
    ],
    ['provenance is unsigned', { builtBy: [] }, 8, 'provenance/unsigned'],
    ['builder is a stranger', { builtBy: [stranger] }, 8, 'provenance/builder'],
    [
      'builder’s signature is forged',
      { builtBy: [{ ...stranger, keyid: ours.keyid }] },
      8,
      'provenance/unsigned',
    ],
    ['builder is not named by the role', { builders: [] }, 8, 'provenance/builder'],
    ['role does not say who may build', { builders: undefined }, 8, 'verify/builders'],
    [
      'provenance is of another tree',
      { provenTree: digestOf(toUtf8('other')) },
      8,
      'provenance/mismatch',
    ],
    ['lock was changed', { swap: ({ lock }) => [lock, flip(lock)] }, 9, 'verify/digest'],
    ['lock has other inputs than the provenance', { lock: true }, 9, 'verify/lock'],
  ]
  for (const [what, changes, at, code] of broken) {
    test(`breaks where the ${what}`, async () => {
      const links: Link[] = []
      const { evidence, pins } = await made(changes)
      await assert.rejects(
        verifyChain(evidence, pins, link => links.push(link)),
        { code },
      )
      assert.equal(links.length, at)
    })
  }

  test('is not rebuilt the same from other inputs, and the paths that differ are named', async () => {
    const one = await made()
    const { verified } = await follow(one)
    const lied = {
      ...built.tree,
      entries: built.tree.entries.filter(({ path }) => path !== 'srv/page'),
    }
    const tree = digestOf(toDocument(lied))
    const evidence = {
      ...one.evidence,
      objects: new Map([...one.evidence.objects, [tree, toDocument(lied)]]),
    }
    const record = { ...verified.record, tree: { digest: tree, length: 1 } }
    const inputs = { find: async (digest: Digest) => placeOf(built, digest, scratch) }
    const again = verifyRebuild(
      evidence,
      { ...verified, record },
      { inputs, onProgress: () => undefined },
    )
    await assert.rejects(again, (error: { code: string; details: { paths: string[] } }) => {
      assert.equal(error.code, 'verify/rebuild')
      assert.deepEqual(error.details.paths, ['srv/page: only in the rebuilt tree'])
      return true
    })
  })

  test('is rebuilt the same from the same inputs', async () => {
    const one = await made()
    const { verified } = await follow(one)
    const inputs = { find: async (digest: Digest) => placeOf(built, digest, scratch) }
    const link = await verifyRebuild(one.evidence, verified, {
      inputs,
      onProgress: () => undefined,
    })
    assert.equal(link.facts.tree, built.treeDigest)
  })
})

describe('an evidence file', () => {
  for (const text of ['', '{}', '[]', '{"type":"release-evidence","format":2}', 'not json']) {
    test(`is refused as ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseEvidence(toUtf8(text)), { code: 'verify/file' })
    })
  }
})

async function follow({ evidence, pins }: Made) {
  const links: Link[] = []
  const verified = await verifyChain(evidence, pins, link => links.push(link))
  return { links, verified }
}

/** What differs from a release whose chain holds. */
interface Changes {
  readonly pins?: Partial<Pins>
  readonly path?: string
  readonly publisher?: Signer
  readonly builders?: readonly BuilderRow[] | undefined
  readonly builtBy?: readonly Signer[]
  readonly provenTree?: Digest
  readonly sbom?: true
  readonly lock?: true
  readonly custom?: Readonly<Record<string, string>>
  readonly leaf?: Uint8Array
  readonly witnesses?: readonly string[]
  readonly hasNoLog?: true
  /** Changes a file of the catalogue after it was signed. */
  readonly spoil?: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array | undefined>>
  /** An object, and what stands under its digest. */
  readonly swap?: (packed: PackResult) => readonly [Uint8Array, Uint8Array | undefined]
}

interface Made {
  readonly evidence: ReleaseEvidence
  readonly pins: Pins
}

async function build(scratch: string): Promise<PackResult> {
  const home = join(scratch, 'home')
  write(join(home, 'app/start'), '#!/bin/sh\n', 0o755)
  write(join(home, 'app/page'), 'a page')
  write(
    join(home, 'steadfleet.yaml'),
    `
name: hello
publisher: acme
version: '1.0'
architectures: [amd64]
sources: [{ directory: app, to: srv }]
apps: { web: { command: [srv/start] } }
support-end: 2030-01-31
security-contact: mailto:security@acme.example
`,
  )
  return pack({
    declared: await readManifest(join(home, 'steadfleet.yaml')),
    architecture: 'amd64',
    revision: 3,
    cache: join(scratch, 'cache'),
    builder: { id, version: '0.1.0' },
    sign: statement => sealed(statement, [ours]),
  })
}

async function makeEvidence(built: PackResult, changes: Changes): Promise<Made> {
  const packed = await changed(built, changes)
  const catalogue = await pretendCatalogue(now)
  const { path, target } = releaseTarget(packed.release, packed.record)
  const builders = 'builders' in changes ? changes.builders : [listed]
  const custom = { ...target.custom, ...changes.custom }
  const role = addRelease(makeDelegatedRole(2, {}, now), path, { ...target, custom })
  catalogue.signed.acme = { ...role, ...(builders && { builders }) }
  if (changes.publisher) catalogue.keys.acme = [changes.publisher]
  await seal(catalogue, 'acme')
  await freshen(catalogue, now)
  const files = new Map(catalogue.files)
  for (const [name, spoil] of Object.entries(changes.spoil ?? {})) {
    replace(files, name, spoil(files.get(name) ?? new Uint8Array()))
  }
  const objects = objectsOf(packed)
  const [was, is] = changes.swap?.(packed) ?? []
  if (was) replace(objects, digestOf(was), is)
  const log = await logOf(catalogue.firstRoot, packed, changes)
  const evidence = {
    release: changes.path ?? path,
    taken: now,
    catalogue: files,
    objects,
    ...(changes.hasNoLog ? {} : { log }),
  }
  const pins = { root: catalogue.firstRoot, log: logDigest(log.choice), ...changes.pins }
  return { evidence, pins }
}

/** A release with a lie in it that everyone has signed nonetheless. */
async function changed(built: PackResult, changes: Changes): Promise<PackResult> {
  const other = digestOf(toUtf8('other'))
  const sbom = changes.sbom ? makeSbom(subjectOf(built.release, other), []) : built.sbom
  const lock = changes.lock ? otherLock(built.lock, other) : built.lock
  const { predicate } = JSON.parse(fromUtf8(built.statement))
  const statement = makeProvenance({
    release: built.path,
    tree: changes.provenTree ?? built.treeDigest,
    sbom: digestOf(sbom),
    manifest: `sha256:${predicate.buildDefinition.externalParameters.manifest.sha256}` as Digest,
    builder: { id, version: '0.1.0' },
    command: ['steadfleet', 'pack', 'steadfleet.yaml'],
    inputs: [{ name: 'app', digest: inputOf(built.lock) }],
    lock: digestOf(lock),
  })
  const provenance = await sealed(statement, changes.builtBy ?? [ours])
  const refs = { sbom: refOf(sbom), provenance: refOf(provenance) }
  const release = { ...built.release, ...refs }
  return { ...built, sbom, lock, statement, provenance, release, record: toDocument(release) }
}

function otherLock(lock: Uint8Array, digest: Digest): Uint8Array {
  const held = parseLock(lock)
  const sources = [{ directory: 'app', digest }]
  return toLockBytes({ ...held, builds: { amd64: { sources } } })
}

function inputOf(lock: Uint8Array): Digest {
  const [first] = parseLock(lock).builds.amd64?.sources ?? []
  return first && 'directory' in first ? first.digest : digestOf(new Uint8Array())
}

function subjectOf(
  { package: name, version, revision, architecture }: ReleaseRecord,
  tree: Digest,
) {
  return { package: name, version, revision, architecture, tree }
}

async function logOf(catalogue: Digest, { record, path }: PackResult, changes: Changes) {
  const own = toLeaf({
    type: 'release',
    catalogue,
    path: path as `${string}/${string}/${number}/amd64`,
    digest: digestOf(record),
    length: record.length,
  })
  const pretend = await pretendLog(4, { 1: fromUtf8(changes.leaf ?? own) })
  const note = await pretendCosigned(
    await pretend.checkpointBy('log'),
    changes.witnesses ?? ['ada'],
  )
  const proof = toLogProofText(await pretend.prove(note, 1))
  return { choice: pretendLogPolicy(['ada', 'bob'], 1), proof }
}

function objectsOf(packed: PackResult): Map<Digest, Uint8Array> {
  const { record, tree, sbom, provenance, lock, inputs } = packed
  const manifest = [...inputs.values()].flatMap(one => ('bytes' in one ? [one.bytes] : []))
  const all = [record, toDocument(tree), sbom, provenance, lock, ...manifest]
  return new Map(all.map(bytes => [digestOf(bytes), bytes]))
}

/** Where an input lies: on this disk, or in memory, from where it is laid down. */
function placeOf({ inputs }: PackResult, digest: Digest, scratch: string): string | undefined {
  const found = inputs.get(digest)
  if (!found) return undefined
  if ('file' in found) return found.file
  const path = join(scratch, digest)
  writeFileSync(path, found.bytes)
  return path
}

async function sealed(statement: Uint8Array, by: readonly Signer[]): Promise<Uint8Array> {
  return toEnvelopeBytes(await signPayload(payloadTypes.provenance, statement, by))
}

function refOf(bytes: Uint8Array) {
  return { digest: digestOf(bytes), length: bytes.length }
}

function replace<K>(files: Map<K, Uint8Array>, key: K, bytes: Uint8Array | undefined): void {
  if (bytes) files.set(key, bytes)
  else files.delete(key)
}

/** The file with one bit of its middle changed. */
function flip(bytes: Uint8Array): Uint8Array {
  const middle = bytes.length >> 1
  return bytes.map((byte, i) => (i === middle ? byte ^ 1 : byte))
}

/** The file with its first signature alone. */
function unsign(bytes: Uint8Array): Uint8Array {
  const { signatures, signed } = parseStrictJson(bytes) as { signatures: object[]; signed: object }
  return toDocument({ signatures: signatures.slice(0, 1), signed })
}

function write(path: string, content: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content, { mode })
}
