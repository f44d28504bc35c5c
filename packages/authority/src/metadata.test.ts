import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fromHex, toUtf8 } from '@steadfleet/base'
import { ed25519Key } from '@steadfleet/trust'
import {
  addRelease,
  expiryText,
  type Lifetime,
  makeDelegatedRole,
  makeTargets,
  nextSnapshot,
  nextVersion,
  readSigned,
  releaseTarget,
  signMetadata,
  toTarget,
} from './index.ts'
import { pretendCatalogue, pretendSigner } from './testing/index.ts'

const now = new Date('2026-11-21T12:34:56Z')
const acme = pretendSigner('acme')

const lifetimes: [kind: Lifetime, expires: string][] = [
  ['root', '2028-11-20T12:34:56Z'],
  ['targets', '2027-11-21T12:34:56Z'],
  ['publisher', '2027-05-22T12:34:56Z'],
  ['snapshot', '2026-11-28T12:34:56Z'],
  ['timestamp', '2026-11-22T12:34:56Z'],
  ['owner-root', '2028-11-20T12:34:56Z'],
  ['order', '2026-12-21T12:34:56Z'],
]
for (const [kind, expires] of lifetimes) {
  test(`what a ${kind} signs now expires ${expires}`, () => {
    assert.equal(expiryText(kind, now), expires)
  })
}

describe('a delegation is not made', () => {
  const weak = ed25519Key(fromHex(`01${'00'.repeat(31)}`))
  const rows = [
    { why: 'to a weak key', keys: [weak], threshold: 1, code: 'trust/weak-key' },
    { why: 'to nobody', keys: [], threshold: 1, code: 'authority/threshold' },
    { why: 'that fewer can meet', keys: [acme.key], threshold: 2, code: 'authority/threshold' },
    { why: 'of no threshold', keys: [acme.key], threshold: 0, code: 'authority/threshold' },
    {
      why: 'to one key twice',
      keys: [acme.key, acme.key],
      threshold: 1,
      code: 'authority/threshold',
    },
  ]
  for (const { why, keys, threshold, code } of rows) {
    test(why, () => {
      assert.throws(() => makeTargets(1, [{ name: 'acme', keys, threshold }], now), { code })
    })
  }
})

describe('a release', () => {
  const path = 'acme/greenhouse/3/amd64'
  const empty = makeDelegatedRole(1, {}, now)
  const one = addRelease(empty, path, toTarget(toUtf8('one'), {}))

  test('is added under its path, and added again is the same', () => {
    assert.deepEqual(addRelease(one, path, toTarget(toUtf8('one'), {})), one)
    assert.deepEqual(Object.keys(one.targets), [path])
  })

  test('that exists keeps its content', () => {
    const add = () => addRelease(one, path, toTarget(toUtf8('two'), {}))
    assert.throws(add, { code: 'authority/changed-release' })
  })

  for (const other of [
    'acme/greenhouse/3',
    'acme/greenhouse/03/amd64',
    'acme/greenhouse/3/amd64/x',
  ]) {
    test(`is not added as ${other}`, () => {
      const add = () => addRelease(empty, other, toTarget(toUtf8('one'), {}))
      assert.throws(add, { code: 'authority/path' })
    })
  }

  test('carries the fields that an order is held against', () => {
    const release = {
      package: 'acme/greenhouse',
      revision: 3,
      architecture: 'amd64',
      version: '1.2',
    }
    const named = releaseTarget(release as Parameters<typeof releaseTarget>[0], toUtf8('record'))
    assert.equal(named.path, path)
    assert.deepEqual(named.target.custom, release)
    assert.equal(named.target.length, 6)
  })
})

test('a next snapshot names the changed roles and keeps the others', async () => {
  const { signed } = await pretendCatalogue(now)
  const changed = await signMetadata(nextVersion(signed.acme, 'publisher', now), [acme])
  const next = nextSnapshot(signed.snapshot, new Map([['acme', changed]]), now)
  assert.equal(next.version, 2)
  assert.equal(next.meta['acme.json']?.version, 2)
  assert.deepEqual(next.meta['targets.json'], signed.snapshot.meta['targets.json'])
})

test('what this reader does not know goes from one version to the next', async () => {
  const signed = { ...makeDelegatedRole(1, {}, now), 'x-note': { kept: true } }
  const read = readSigned('targets', await signMetadata(signed, [acme]))
  assert.deepEqual(nextVersion(read, 'publisher', now), { ...signed, version: 2 })
})
