import { type Signer, signPayload, toEnvelopeBytes } from '@steadfleet/authority'
import { pretendSigner } from '@steadfleet/authority/testing'
import {
  type Digest,
  digestOf,
  fromUtf8,
  toBase64,
  toCanonical,
  toDocument,
  toUtf8,
} from '@steadfleet/base'
import {
  type Build,
  type Builder,
  makeLock,
  makeProvenance,
  toLockBytes,
} from '@steadfleet/evidence'

/** What a reader holds and is offered, and what must come of it. docs/formats/provenance.md */
interface ProvenanceVector {
  readonly builders: readonly Builder[]
  readonly release: object
  /** The envelope's file, as text. */
  readonly envelope: string
  readonly expect: object
}

const [ours, twin, stranger] = ['builder', 'twin', 'stranger'].map(pretendSigner) as [
  Signer,
  Signer,
  Signer,
]
const [tree, sbom, other, app, deb] = ['tree', 'SBOM', 'other', 'app', 'deb'].map(name =>
  digestOf(toUtf8(name)),
) as [Digest, Digest, Digest, Digest, Digest]
const builder: Builder = { id: 'https://ci.example/acme', key: ours.key }
const builders: readonly Builder[] = [builder, { id: 'https://ci.example/twin', key: twin.key }]
const release = {
  package: 'acme/greenhouse',
  revision: 3,
  architecture: 'amd64',
  tree: { digest: tree, length: 4 },
  sbom: { digest: sbom, length: 4 },
}
const manifest = digestOf(toUtf8('manifest'))
const lock = makeLock(manifest, 'amd64', {
  sources: [
    {
      debian: ['tool'],
      vendor: 'debian',
      distribution: 'bookworm',
      packages: [
        {
          name: 'tool',
          version: '1:2.0-3',
          architecture: 'amd64',
          source: 'tool',
          'source-version': '1:2.0-3',
          digest: deb,
          size: 3,
        },
      ],
    },
    { directory: 'app', digest: app, npm: [{ name: 'left', version: '1.0.0' }] },
  ],
  commit: { commit: 'a'.repeat(40), repository: 'https://git.example/acme', isClean: false },
})
const build: Build = {
  release: 'acme/greenhouse/3/amd64',
  tree,
  sbom,
  manifest,
  builder: { id: builder.id, version: '0.1.0' },
  command: ['steadfleet', 'pack', 'steadfleet.yaml'],
  inputs: [
    {
      name: 'tool=1:2.0-3',
      uri: 'pkg:deb/debian/tool@1:2.0-3?arch=amd64&distro=bookworm',
      digest: deb,
    },
    { name: 'app', digest: app },
  ],
  commit: { commit: 'a'.repeat(40), repository: 'https://git.example/acme', isClean: false },
  lock: digestOf(toLockBytes(lock)),
}

/** Every vector of provenance and of locks, by file name. */
export async function makeProvenanceVectors(): Promise<ReadonlyMap<string, string>> {
  const valid = await validVectors()
  const hostile = await hostileVectors()
  const locks = lockVectors()
  return new Map([...valid, ...hostile, ...locks].map(([name, it]) => [`${name}.json`, toText(it)]))
}

async function validVectors(): Promise<[string, object][]> {
  const envelope = await seal(build, ours)
  const expect = {
    builder: builder.id,
    release: build.release,
    manifest,
    lock: build.lock,
    inputs: [deb, app],
    commit: 'a'.repeat(40),
    isClean: false,
    isRetired: false,
  }
  const retired = [{ ...builder, retired: true }]
  const bare = { ...build, inputs: [] }
  const { commit: _, ...uncommitted } = bare
  return [
    ['valid/signed', vector(envelope, expect)],
    ['valid/by-a-retired-builder', vector(envelope, { ...expect, isRetired: true }, retired)],
    ['valid/with-a-second-signature', vector(await seal(build, stranger, ours), expect)],
    [
      'valid/with-unknown-members',
      vector(
        await sealText(fromUtf8(makeProvenance(build)).replace('{', '{"later":1,'), ours),
        expect,
      ),
    ],
    [
      'valid/without-inputs-or-commit',
      vector(await seal(uncommitted, ours), { ...expect, inputs: [], commit: null, isClean: null }),
    ],
  ]
}

type Hostile = [name: string, envelope: string, code: string, builders?: readonly Builder[]]

async function hostileVectors(): Promise<[string, object][]> {
  const cases = [...(await wronglySigned()), ...(await wronglyStated()), ...(await unreadable())]
  return cases.map(([name, envelope, code, by]) => [
    `hostile/${name}`,
    vector(envelope, { code }, by),
  ])
}

async function wronglySigned(): Promise<Hostile[]> {
  const forged = { ...stranger, keyid: ours.keyid }
  return [
    ['unsigned', await seal(build), 'provenance/unsigned'],
    ['by-a-stranger', await seal(build, stranger), 'provenance/builder'],
    ['forged', await seal(build, forged), 'provenance/unsigned'],
    ['by-another-builder-in-its-name', await seal(build, twin), 'provenance/builder'],
    ['forged-beside-another-builder', await seal(build, forged, twin), 'provenance/unsigned'],
    ['by-nobody-who-counts', await seal(build, ours), 'provenance/builder', []],
    ['with-a-changed-payload', changePayload(await seal(build, ours)), 'provenance/unsigned'],
  ]
}

async function wronglyStated(): Promise<Hostile[]> {
  const changes: [name: string, change: Partial<Build>][] = [
    ['of-another-release', { release: 'acme/greenhouse/4/amd64' }],
    ['of-another-tree', { tree: other }],
    ['of-another-sbom', { sbom: other }],
  ]
  return Promise.all(
    changes.map(async ([name, change]): Promise<Hostile> => {
      return [name, await seal({ ...build, ...change }, ours), 'provenance/mismatch']
    }),
  )
}

async function unreadable(): Promise<Hostile[]> {
  const text = fromUtf8(makeProvenance(build))
  const changes: [name: string, was: string, is: string][] = [
    ['of-another-build-type', 'pack/v1', 'pack/v2'],
    ['of-another-predicate', 'provenance/v1', 'provenance/v0.2'],
    ['without-subjects', '"subject":', '"subjects":'],
    ['with-a-key-twice', '{', '{"_type":"x",'],
  ]
  const changed = await Promise.all(
    changes.map(async ([name, was, is]): Promise<Hostile> => {
      return [name, await sealText(text.replace(was, is), ours), 'provenance/malformed']
    }),
  )
  const order = await sealText(text, ours, 'application/vnd.steadfleet.order+json')
  return [
    ...changed,
    ['as-an-order', order, 'provenance/malformed'],
    ['no-envelope', '{}', 'provenance/malformed'],
  ]
}

function lockVectors(): [string, object][] {
  const text = fromUtf8(toLockBytes(lock))
  const expect = { digest: digestOf(toUtf8(text)), manifest, inputs: [deb, app] }
  const cases: [name: string, content: string, expect: object][] = [
    ['valid', text, expect],
    ['unknown-member', text.replace('{', '{"later":1,'), { manifest, inputs: [deb, app] }],
    ['another-format', text.replace('"format":1', '"format":2'), { code: 'lock/malformed' }],
    ['no-digest', text.replace(deb, 'sha256:0'), { code: 'lock/malformed' }],
    ['a-key-twice', text.replace('{', '{"format":1,'), { code: 'lock/malformed' }],
    ['a-fraction', text.replace('"size":3', '"size":3.5'), { code: 'lock/malformed' }],
    ['no-json', 'lock', { code: 'lock/malformed' }],
  ]
  return cases.map(([name, content, outcome]) => [`lock/${name}`, { content, expect: outcome }])
}

function vector(
  envelope: string,
  expect: object,
  by: readonly Builder[] = builders,
): ProvenanceVector {
  return { builders: by, release, envelope, expect }
}

function seal(what: Build, ...signers: Signer[]): Promise<string> {
  return sealText(fromUtf8(makeProvenance(what)), signers)
}

async function sealText(
  text: string,
  by: Signer | readonly Signer[],
  type = 'application/vnd.in-toto+json',
): Promise<string> {
  return fromUtf8(toEnvelopeBytes(await signPayload(type, toUtf8(text), [by].flat())))
}

function changePayload(envelope: string): string {
  const { payload, ...rest } = JSON.parse(envelope)
  const text = Buffer.from(payload, 'base64').toString().replace('0.1.0', '0.1.1')
  return fromUtf8(toCanonical({ ...rest, payload: toBase64(toUtf8(text)) }))
}

function toText(vector: object): string {
  return `${JSON.stringify(JSON.parse(fromUtf8(toDocument(vector))), null, 2)}\n`
}
