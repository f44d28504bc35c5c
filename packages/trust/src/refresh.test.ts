import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { nextVersion } from '@steadfleet/authority'
import {
  attacks,
  freshen,
  type PretendCatalogue,
  pretendCatalogue,
  pretendFetcher,
  pretendSigner,
  pretendStore,
  publish,
  rotateRoot,
  seal,
  stamp,
  threeSigners,
} from '@steadfleet/authority/testing'
import { digestOf, fromUtf8, toUtf8 } from '@steadfleet/base'
import { type Catalogue, type CatalogueStore, type Floors, refreshCatalogue } from './index.ts'

const now = new Date('2026-11-21T00:00:00Z')
const path = 'acme/greenhouse/3/amd64'

test('a new device comes from the digest of the first root to a release', async () => {
  const catalogue = await pretendCatalogue(now)
  const content = await publish(catalogue, path, now)
  const store = pretendStore()
  const trusted = await refresh(catalogue, store)
  const found = await trusted.find(path)
  assert.equal(found?.digest, digestOf(content))
  assert.equal(found?.role, 'acme')
  assert.equal(found?.custom.revision, 3)
  assert.deepEqual(trusted.versions, { root: 1, timestamp: 2, snapshot: 2, targets: 1 })
  assert.deepEqual(store.commits, [
    ['@first-root.json', 'root.json', 'timestamp.json', 'snapshot.json'],
    ['timestamp.json'],
    ['snapshot.json'],
    ['targets.json'],
    ['acme.json'],
  ])
})

test('a path that nobody may speak for is not found', async () => {
  const catalogue = await pretendCatalogue(now)
  const trusted = await refresh(catalogue, pretendStore())
  assert.equal(await trusted.find('other/thing/1/amd64'), undefined)
  assert.equal(await trusted.find('acme/deep/er/1/amd64'), undefined)
})

test('a second refresh of an unchanged catalogue fetches no more than it must', async () => {
  const catalogue = await pretendCatalogue(now)
  const store = pretendStore()
  await (await refresh(catalogue, store)).find(path)
  const fetcher = pretendFetcher(catalogue.files)
  const again = await refreshCatalogue({ store, fetcher, now, firstRoot: catalogue.firstRoot })
  await again.find(path)
  assert.deepEqual(fetcher.asked, ['2.root.json', 'timestamp.json'])
  assert.equal(store.commits.length, 5)
})

describe('a client that holds the state of a moment ago', () => {
  for (const { name, code, strike } of attacks) {
    test(`refuses ${name.replaceAll('-', ' ')} with ${code}`, async () => {
      const catalogue = await pretendCatalogue(now)
      await publish(catalogue, path, now)
      const store = pretendStore()
      await (await refresh(catalogue, store)).find(path)
      const attacked = name.replace(/-.*/, '').replace('publisher', 'acme')
      const before = store.files.get(`${attacked}.json`)
      await strike(catalogue, now)
      await assert.rejects(
        async () => {
          const trusted = await refresh(catalogue, store)
          await trusted.find('acme/greenhouse/9/amd64')
        },
        { code },
      )
      // A root that is verified but expired is a step on the way to a fresh one. TUF §5.3.8
      if (name !== 'root-expired') assert.equal(store.files.get(`${attacked}.json`), before)
    })
  }
})

describe('a device that slept', () => {
  const later = new Date('2029-11-21T00:00:00Z')

  test('through three years and twenty root rotations comes back', async () => {
    const catalogue = await pretendCatalogue(now)
    const store = pretendStore()
    await refresh(catalogue, store)
    for (let i = 1; i <= 20; i++) {
      const root = threeSigners(`root-of-${i}`)
      await rotateRoot(catalogue, { root, timestamp: [pretendSigner(`timestamp-${i}`)] }, later)
    }
    await renew(catalogue, later)
    const trusted = await refresh(catalogue, store, later)
    assert.equal(trusted.versions.root, 21)
    assert.equal(store.commits.filter(names => names.includes('root.json')).length, 21)
  })

  test('holding an expired trio, takes the newer one', async () => {
    const catalogue = await pretendCatalogue(now)
    const store = pretendStore()
    await refresh(catalogue, store)
    await rotateRoot(catalogue, {}, later)
    await renew(catalogue, later)
    assert.equal((await refresh(catalogue, store, later)).versions.timestamp, 2)
  })

  test('and is offered only what has expired, keeps what it has and says so', async () => {
    const catalogue = await pretendCatalogue(now)
    const store = pretendStore()
    await refresh(catalogue, store)
    await assert.rejects(refresh(catalogue, store, later), { code: 'trust/expired' })
    assert.equal(store.commits.length, 4)
  })
})

describe('recovery', () => {
  const high = 2 ** 53 - 2

  test('from a stolen timestamp key that fast-forwarded is a rotation of that key', async () => {
    const catalogue = await pretendCatalogue(now)
    const store = pretendStore()
    catalogue.signed.timestamp = { ...catalogue.signed.timestamp, version: high }
    await stamp(catalogue, now)
    const stranded = await refresh(catalogue, store)
    catalogue.signed.timestamp = { ...catalogue.signed.timestamp, version: 1 }
    await freshen(catalogue, now)
    await assert.rejects(refresh(catalogue, store), { code: 'trust/rollback' })
    await rotateRoot(catalogue, { timestamp: [pretendSigner('new timestamp')] }, now)
    await freshen(catalogue, now)
    const trusted = await refresh(catalogue, store, now, stranded.floors)
    assert.equal(trusted.versions.timestamp, 3)
  })

  test('from a snapshot that fast-forwarded a role is a rotation of the snapshot key', async () => {
    const catalogue = await pretendCatalogue(now)
    const store = pretendStore()
    catalogue.signed.targets = { ...catalogue.signed.targets, version: high }
    await seal(catalogue, 'targets')
    await freshen(catalogue, now)
    await refresh(catalogue, store)
    catalogue.signed.targets = { ...catalogue.signed.targets, version: 2 }
    await seal(catalogue, 'targets')
    await rotateRoot(catalogue, { snapshot: [pretendSigner('new snapshot')] }, now)
    await freshen(catalogue, now)
    assert.equal((await refresh(catalogue, store)).versions.targets, 2)
  })

  for (const torn of ['root.json', 'timestamp.json', 'snapshot.json', 'targets.json']) {
    test(`from a torn ${torn} needs nobody's help`, async () => {
      const { catalogue, store, held } = await heldAtTwo()
      store.files.set(torn, (store.files.get(torn) ?? new Uint8Array()).slice(0, 40))
      const trusted = await refresh(catalogue, store, now, held.floors)
      assert.deepEqual(trusted.versions, held.versions)
    })
  }

  test('of a store that is lost whole lets no rollback in past the floors', async () => {
    const { catalogue, held, early } = await heldAtTwo()
    const lost = pretendStore()
    const attacker = { ...catalogue, files: early }
    await assert.rejects(refresh(attacker, lost, now, held.floors), { code: 'trust/rollback' })
    const trusted = await refresh(catalogue, lost, now, held.floors)
    assert.deepEqual(trusted.versions, held.versions)
  })

  async function heldAtTwo() {
    const catalogue = await pretendCatalogue(now)
    const early = new Map(catalogue.files)
    const store = pretendStore()
    await publish(catalogue, path, now)
    const held = await refresh(catalogue, store)
    return { catalogue, store, held, early }
  }
})

describe('the first root', () => {
  test('with another digest than the token says is refused', async () => {
    const catalogue = await pretendCatalogue(now)
    const other = { ...catalogue, firstRoot: digestOf(toUtf8('another')) }
    const store = pretendStore()
    await assert.rejects(refresh(other, store), { code: 'trust/first-root' })
    assert.equal(store.commits.length, 0)
  })

  test('may come from the caller, and need not be the first there was', async () => {
    const catalogue = await pretendCatalogue(now)
    await rotateRoot(catalogue, {}, now)
    await rotateRoot(catalogue, {}, now)
    const firstRootFile = catalogue.files.get('2.root.json') ?? new Uint8Array()
    const fetcher = pretendFetcher(catalogue.files)
    const trusted = await refreshCatalogue({
      store: pretendStore(),
      fetcher,
      now,
      firstRoot: digestOf(firstRootFile),
      firstRootFile,
    })
    assert.equal(trusted.versions.root, 3)
    assert.ok(!fetcher.asked.includes('1.root.json'))
  })
})

test('a failing store leaves nothing trusted that was not committed', async () => {
  const catalogue = await pretendCatalogue(now)
  const store = pretendStore()
  const full = { ...store, commit: async () => Promise.reject(new Error('no space left')) }
  await assert.rejects(refresh(catalogue, full), /no space left/)
  assert.equal(store.files.size, 0)
})

test('what is not known and not critical is kept, and its signature holds', async () => {
  const catalogue = await pretendCatalogue(now)
  await stamp(catalogue, now)
  const extra = { ...catalogue.signed.timestamp, 'x-note': { of: ['no', 'interest'] } }
  catalogue.signed.timestamp = extra
  await seal(catalogue, 'timestamp')
  const store = pretendStore()
  await refresh(catalogue, store)
  assert.match(fromUtf8(store.files.get('timestamp.json') ?? new Uint8Array()), /x-note/)
})

/** Targets, the publisher's role, snapshot and timestamp, signed anew. */
async function renew(catalogue: PretendCatalogue, at: Date): Promise<void> {
  const { signed } = catalogue
  signed.targets = nextVersion(signed.targets, 'targets', at)
  signed.acme = nextVersion(signed.acme, 'publisher', at)
  await seal(catalogue, 'targets')
  await seal(catalogue, 'acme')
  await freshen(catalogue, at)
}

async function refresh(
  catalogue: PretendCatalogue,
  store: CatalogueStore,
  at = now,
  floors?: Floors,
): Promise<Catalogue> {
  const fetcher = pretendFetcher(catalogue.files)
  const { firstRoot } = catalogue
  return refreshCatalogue({ store, fetcher, now: at, firstRoot, ...(floors && { floors }) })
}
