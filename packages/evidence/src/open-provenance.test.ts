import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Signer, signerFromSeed, signPayload, toEnvelopeBytes } from '@steadfleet/authority'
import { type Digest, digestOf, fromUtf8, toDocument, toUtf8 } from '@steadfleet/base'
import type { PackageName } from '@steadfleet/domain'
import { payloadTypes } from '@steadfleet/trust'
import {
  type Build,
  type Builder,
  buildersOf,
  makeProvenance,
  openProvenance,
  parseLock,
  refuseRetired,
  toLockBytes,
} from './index.ts'

const [tree, sbom, other] = ['tree', 'sbom', 'other'].map(name => digestOf(toUtf8(name))) as [
  Digest,
  Digest,
  Digest,
]
const [ours, twin, stranger] = ['builder', 'twin', 'stranger'].map(name =>
  signerFromSeed(Buffer.from(digestOf(toUtf8(name)).slice(7), 'hex')),
) as [Signer, Signer, Signer]
const builder: Builder = { id: 'https://ci.example/acme', key: ours.key }
const builders: readonly Builder[] = [builder, { id: 'https://ci.example/twin', key: twin.key }]
const release = {
  package: 'acme/greenhouse' as PackageName,
  revision: 3,
  architecture: 'amd64' as const,
  tree: { digest: tree, length: 1 },
  sbom: { digest: sbom, length: 1 },
}
const build: Build = {
  release: 'acme/greenhouse/3/amd64',
  tree,
  sbom,
  manifest: digestOf(toUtf8('manifest')),
  builder: { id: builder.id, version: '0.1.0' },
  command: ['steadfleet', 'pack', 'steadfleet.yaml'],
  inputs: [{ name: 'app', digest: other }],
  commit: { commit: 'a'.repeat(40), repository: 'https://git.example/acme', isClean: true },
  lock: digestOf(toUtf8('lock')),
}

describe('provenance', () => {
  test('by a builder that counts tells how the release was built', async () => {
    const opened = openProvenance(await seal(build, ours), builders, release)
    const { tree: _, sbom: __, ...said } = build
    assert.deepEqual(
      { ...opened, subjects: [...opened.subjects.values()], signer: opened.signer.id },
      {
        ...said,
        subjects: [tree, sbom],
        signer: builder.id,
        statement: digestOf(makeProvenance(build)),
      },
    )
    refuseRetired(opened)
  })

  const refusals: [what: string, bytes: () => Promise<Uint8Array>, code: string][] = [
    ['that nobody signed', () => seal(build), 'provenance/unsigned'],
    ['that a stranger signed', () => seal(build, stranger), 'provenance/builder'],
    ['whose signature is another’s', () => forged(), 'provenance/unsigned'],
    ['that another builder signed in its name', () => seal(build, twin), 'provenance/builder'],
    ['that it signed itself only in pretence', () => forged(twin), 'provenance/unsigned'],
    [
      'of a builder that the list has not',
      () => seal({ ...build, builder: { ...build.builder, id: 'https://x.example' } }, ours),
      'provenance/builder',
    ],
    [
      'of another release',
      () => seal({ ...build, release: 'acme/greenhouse/4/amd64' }, ours),
      'provenance/mismatch',
    ],
    ['of another tree', () => seal({ ...build, tree: other }, ours), 'provenance/mismatch'],
    ['of another SBOM', () => seal({ ...build, sbom: other }, ours), 'provenance/mismatch'],
    ['that is no statement', () => sealBytes(toDocument({ a: 1 }), ours), 'provenance/malformed'],
    ['that is no envelope', async () => toUtf8('{}'), 'provenance/malformed'],
  ]
  for (const [what, bytes, code] of refusals) {
    test(`${what} is refused`, async () => {
      const sealed = await bytes()
      assert.throws(() => openProvenance(sealed, builders, release), { code })
    })
  }

  test('of a retired builder still counts, but nothing new is taken from it', async () => {
    const retired = [{ ...builder, retired: true }]
    const opened = openProvenance(await seal(build, ours), retired, release)
    assert.throws(() => refuseRetired(opened), { code: 'provenance/builder' })
  })
})

describe('the builders of a role', () => {
  const file = (builders: unknown) => ({ version: 1, builders })
  test('are read, with members that a newer writer added', () => {
    assert.deepEqual(buildersOf(file([{ ...builder, note: 'x' }])), [{ ...builder, note: 'x' }])
  })
  test('may be left unsaid, which is not the same as none', () => {
    assert.equal(buildersOf({}), undefined)
    assert.deepEqual(buildersOf(file([])), [])
  })
  for (const odd of [{}, [{}], [{ ...builder, id: 'no address' }], 'x']) {
    test(`are refused as ${JSON.stringify(odd)}`, () => {
      assert.throws(() => buildersOf(file(odd)), { code: 'provenance/malformed' })
    })
  }
})

describe('a lock', () => {
  const lock = {
    type: 'lock',
    format: 1,
    manifest: tree,
    builds: {
      amd64: {
        sources: [
          { directory: 'app', digest: other, npm: [{ name: 'left', version: '1.0.0' }] },
          {
            debian: ['tool'],
            vendor: 'debian',
            distribution: 'trixie',
            packages: [
              {
                name: 'tool',
                version: '1:2.0-3',
                architecture: 'amd64',
                source: 'tool',
                'source-version': '1:2.0-3',
                digest: sbom,
                size: 12,
              },
            ],
          },
        ],
        commit: { commit: 'b'.repeat(40), isClean: false },
      },
    },
  } as const
  test('is read as it was written', () => {
    const read = parseLock(toDocument(lock))
    assert.deepEqual(read, lock)
    assert.deepEqual(toLockBytes(read), toDocument(lock))
  })
  test('may have members that a newer writer added', () => {
    assert.equal(parseLock(toDocument({ ...lock, later: 1 })).format, 1)
  })
  const odd: unknown[] = [
    {},
    { ...lock, format: 2 },
    { ...lock, manifest: 'x' },
    { ...lock, builds: 1 },
  ]
  for (const one of odd) {
    test(`is refused as ${fromUtf8(toDocument(one)).slice(0, 40)}`, () => {
      assert.throws(() => parseLock(toDocument(one)), { code: 'lock/malformed' })
    })
  }
})

function seal(what: Build, ...signers: Signer[]): Promise<Uint8Array> {
  return sealBytes(makeProvenance(what), ...signers)
}

async function sealBytes(payload: Uint8Array, ...signers: Signer[]): Promise<Uint8Array> {
  return toEnvelopeBytes(await signPayload(payloadTypes.provenance, payload, signers))
}

/** A signature that claims to be by our builder and is by a stranger. */
function forged(...more: Signer[]): Promise<Uint8Array> {
  return seal(build, { ...stranger, keyid: ours.keyid }, ...more)
}
