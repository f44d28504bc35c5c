import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf, toHexDigest } from '@steadfleet/base'
import { ownerIdOf } from '@steadfleet/domain'
import {
  acceptOwnerRoot,
  acceptPolicy,
  openModel,
  parseEnvelopeBytes,
  parseMetadata,
  refreshCatalogue,
} from '@steadfleet/trust'
import { pretendFetcher, pretendFirstFiles, pretendNames, pretendStore } from './testing/index.ts'

const now = new Date('2026-11-21T00:00:00Z')

test('the first files are a catalogue and an owner that a device takes by two digests', async () => {
  const first = await pretendFirstFiles(now)
  const served = [...first.files].map(
    ([name, bytes]) => [name.replace(/^.*\//, ''), bytes] as const,
  )
  const catalogue = await refreshCatalogue({
    store: pretendStore(),
    fetcher: pretendFetcher(new Map(served)),
    now,
    firstRoot: first.catalogueRoot,
  })
  const target = await catalogue.find(first.model.path)
  assert.ok(target)
  assert.equal(openModel(target, first.model.content).summary, pretendNames.model.summary)

  const rootFile = fileOf(first.files, 'owner/1.owner-root.json')
  const root = acceptOwnerRoot(first.ownerRoot, parseEnvelopeBytes(rootFile), now)
  const policyFile = fileOf(first.files, 'owner/1.policy.json')
  const expected = { owner: first.owner, now }
  const policy = acceptPolicy(root, undefined, parseEnvelopeBytes(policyFile), expected)
  assert.equal(first.owner, ownerIdOf(rootFile))
  assert.equal(policy.catalogues[0]?.root, first.catalogueRoot)
  assert.equal(policy.log.quorum, 0)
})

test('the first files ask two of three of every offline role', async () => {
  const { files } = await pretendFirstFiles(now)
  const { roles } = parseMetadata('root', fileOf(files, 'catalogue/1.root.json')).signed
  const asked = Object.entries(roles).map(([name, { threshold, keyids }]) => [
    name,
    threshold,
    keyids.length,
  ])
  assert.deepEqual(asked, [
    ['root', 2, 3],
    ['targets', 2, 3],
    ['snapshot', 1, 1],
    ['timestamp', 1, 1],
  ])
})

test('the first files are the same bytes for the same seeds and moment', async () => {
  const [one, other] = await Promise.all([pretendFirstFiles(now), pretendFirstFiles(now)])
  const digests = (files: ReadonlyMap<string, Uint8Array>) =>
    [...files].map(([name, bytes]) => `${name} ${toHexDigest(digestOf(bytes))}`)
  assert.deepEqual(digests(one.files), digests(other.files))
})

function fileOf(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  return files.get(name) ?? new Uint8Array()
}
