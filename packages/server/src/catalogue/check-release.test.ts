import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  addRelease,
  type BuilderRow,
  makeDelegatedRole,
  releaseTarget,
  type Signer,
  signerFromSeed,
  signMetadata,
  signPayload,
  toEnvelopeBytes,
} from '@steadfleet/authority'
import { type Digest, digestOf, toDocument } from '@steadfleet/base'
import { type ReleaseRecord, releasePath } from '@steadfleet/domain'
import { makeProvenance } from '@steadfleet/evidence'
import { parseMetadata, payloadTypes } from '@steadfleet/trust'
import type { ObjectStore } from '../content/object-store.ts'
import { makeRelease } from '../testing/test-release.ts'
import { checkReleases } from './check-release.ts'

const now = new Date('2026-11-21T00:00:00Z')
const [ours, stranger, publisher] = [1, 2, 3].map(byte =>
  signerFromSeed(new Uint8Array(32).fill(byte)),
) as [Signer, Signer, Signer]
const id = 'https://ci.example/acme'
const listed: BuilderRow = { id, key: ours.key }

describe('a release that was built', () => {
  const cases: [what: string, builders: BuilderRow[] | undefined, by: Signer, code?: string][] = [
    ['by a builder that the role lists is taken', [listed], ours],
    ['by anyone is taken where the role does not say who may', undefined, stranger],
    ['by a stranger is refused', [listed], stranger, 'provenance/builder'],
    ['by anyone is refused where the role lists nobody', [], ours, 'provenance/builder'],
    ['by a retired builder is refused', [{ ...listed, retired: true }], ours, 'provenance/builder'],
  ]
  for (const [what, builders, by, code] of cases) {
    test(what, async () => {
      const attempt = publish(builders, by)
      if (code) await assert.rejects(attempt, { code })
      else assert.equal((await attempt).length, 1)
    })
  }
})

/** Offers the server a role with these builders, and with one release that `by` built. */
async function publish(builders: BuilderRow[] | undefined, by: Signer) {
  const made = await makeRelease({ revision: 3 })
  const envelope = toEnvelopeBytes(
    await signPayload(payloadTypes.provenance, statementOf(made.record), [by]),
  )
  const provenance = { digest: digestOf(envelope), length: envelope.length }
  const record = { ...made.record, provenance }
  const recordBytes = toDocument(record)
  const objects = new Map([
    ...made.objects,
    [digestOf(envelope), envelope],
    [digestOf(recordBytes), recordBytes],
  ])
  const { path, target } = releaseTarget(record, recordBytes)
  const role = addRelease(makeDelegatedRole(1, {}, now), path, target)
  const bytes = await signMetadata({ ...role, ...(builders && { builders }) }, [publisher])
  const { source, signed } = parseMetadata('targets', bytes)
  return checkReleases(storeOf(objects), { source, targets: signed.targets, added: [path] })
}

function statementOf(record: ReleaseRecord): Uint8Array {
  const nothing = digestOf(new Uint8Array())
  return makeProvenance({
    release: releasePath(record),
    tree: record.tree.digest,
    sbom: record.sbom.digest,
    manifest: nothing,
    builder: { id, version: '0.1.0' },
    command: ['steadfleet', 'pack'],
    inputs: [],
    lock: nothing,
  })
}

function storeOf(objects: ReadonlyMap<Digest, Uint8Array>): ObjectStore {
  const held = (digest: Digest) => objects.get(digest)
  return {
    folder: '/nowhere',
    pathOf: digest => digest,
    lengthOf: async digest => held(digest)?.length,
    read: async digest => held(digest) ?? new Uint8Array(),
    async *stream(digest) {
      yield held(digest) ?? new Uint8Array()
    },
  }
}
