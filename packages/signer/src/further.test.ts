import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { makeRoot, type Signer, signerFromSeed, signMetadata } from '@steadfleet/authority'
import type { PublicKey } from '@steadfleet/trust'
import { type FurtherKeys, openFurtherKeys } from './further.ts'

const now = new Date()
const [offline, other] = [7, 8].map(byte => signerFromSeed(new Uint8Array(32).fill(byte))) as [
  Signer,
  Signer,
]
const snapshot = { role: 'snapshot', catalogue: 'garden' } as const
const timestamp = { role: 'timestamp', catalogue: 'garden' } as const

describe('the keys of a further catalogue', { concurrency: false }, () => {
  let folder: string
  let data: string
  let keys: FurtherKeys
  let made: Signer
  let stamps: Signer
  let next: Signer
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'steadfleet-further-'))
    data = join(folder, 'data/catalogues/garden')
    await mkdir(data, { recursive: true })
    keys = openFurtherKeys(folder, join(folder, 'data'))
    made = await keys.make(snapshot)
    stamps = await keys.make(timestamp)
  })
  after(() => rm(folder, { recursive: true, force: true }))

  test('sign nothing before a root names them', async () => {
    await assert.rejects(keys.signersOf(snapshot), { code: 'signer/not-named' })
  })

  const strange: [what: string, file: () => Promise<Uint8Array>, code: string][] = [
    ['that names other keys', () => rootFile(1, other.key), 'signer/not-named'],
    ['that it did not sign itself', () => rootFile(1, made.key, [other]), 'trust/threshold'],
    ['that is not the first', () => rootFile(2, made.key), 'trust/fast-forward'],
  ]
  for (const [what, file, code] of strange) {
    test(`take no first root ${what}`, async () => {
      await assert.rejects(keys.offer('garden', await file()), { code })
      await assert.rejects(keys.signersOf(snapshot), { code: 'signer/not-named' })
    })
  }

  test('sign for a catalogue that is being made, and no more once that came to nothing', async () => {
    await keys.offer('garden', await rootFile(1, made.key))
    assert.deepEqual(await ids(), [made.keyid])
    await keys.look('garden')
    await assert.rejects(keys.signersOf(snapshot), { code: 'signer/not-named' })
  })

  test('are made anew where a root is in force, and wait for the next', async () => {
    await put(1, await rootFile(1, made.key))
    next = await keys.make(snapshot)
    assert.notEqual(next.keyid, made.keyid)
    assert.deepEqual(await ids(), [made.keyid])
  })

  test('take no next root that the one in force did not sign', async () => {
    const root = await rootFile(2, next.key, [other])
    await assert.rejects(keys.offer('garden', root), { code: 'trust/threshold' })
  })

  test('sign under both roots while one is on its way', async () => {
    await keys.offer('garden', await rootFile(2, next.key))
    assert.deepEqual(await ids(), [made.keyid, next.keyid])
  })

  test('change once it is in force, and the old one is gone', async () => {
    await put(2, await rootFile(2, next.key))
    await keys.look('garden')
    assert.deepEqual(await ids(), [next.keyid])
    assert.ok(!existsSync(join(folder, 'catalogues/garden/snapshot.next.pem')))
  })

  test('that a root names no more never sign', async () => {
    await put(3, await rootFile(3, other.key))
    await assert.rejects(keys.signersOf(snapshot), { code: 'signer/not-named' })
    assert.deepEqual((await keys.signersOf(timestamp))[0].keyid, stamps.keyid)
  })

  async function ids(): Promise<(string | undefined)[]> {
    return (await keys.signersOf(snapshot)).map(one => one?.keyid)
  }

  async function put(version: number, file: Uint8Array): Promise<void> {
    await writeFile(join(data, `${version}.root.json`), file)
    await writeFile(join(data, 'timestamp.json'), '{}')
  }

  function rootFile(version: number, key: PublicKey, by = [offline]): Promise<Uint8Array> {
    const only = (one: PublicKey) => ({ keys: [one], threshold: 1 })
    const mine = { root: only(offline.key), targets: only(offline.key) }
    const roles = { ...mine, snapshot: only(key), timestamp: only(stamps.key) }
    return signMetadata(makeRoot(version, roles, now), by)
  }
})
