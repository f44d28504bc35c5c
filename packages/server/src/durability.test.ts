import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Digest, digestOf } from '@steadfleet/base'
import { readBundle } from '@steadfleet/bundle'
import {
  deviceTimeline,
  getBundle,
  getCatalogueFile,
  getDevice,
  getObject,
  health,
  listDevices,
  listReleases,
  listRollouts,
  missingObjects,
  putGroup,
  tryRelease,
  uploadOffset,
  uploadPart,
} from '@steadfleet/protocol'
import { type CatalogueStore, refreshCatalogue } from '@steadfleet/trust'
import { refusedServer } from './testing/server-process.ts'
import { orderIn, type TestDevice } from './testing/test-device.ts'
import { fleet, follow, moveStable, openTestFleet, type TestFleet } from './testing/test-fleet.ts'
import { collect, makeRelease, nextRole, putRole, upload } from './testing/test-release.ts'

let it: TestFleet

before(async () => {
  it = await openTestFleet()
})
after(() => it[Symbol.asyncDispose]())

describe('a data directory', () => {
  test('has one server: the second refuses and says who holds it', async () => {
    const { exit, said } = await refusedServer(it.data)
    const { code, message }: { code: string; message: string } = JSON.parse(said)
    assert.deepEqual([exit, code], [1, 'server/locked'])
    assert.match(message, /process \d+ already does/)
    assert.equal((await fetch(`${it.origin()}/v1/health`)).status, 200)
  })

  test('that nobody initialised is refused', async () => {
    const { exit, said } = await refusedServer(join(it.data, 'owner'))
    assert.deepEqual([exit, JSON.parse(said).code], [1, 'server/not-initialised'])
  })
})

describe('what was acknowledged before a kill -9', () => {
  test('is there after it: devices, events, groups, releases, orders', async () => {
    await follow(it.operator)
    const acknowledged = { devices: [] as TestDevice[], groups: 0, releases: 0 }
    const writers = [
      forever(async i => {
        acknowledged.devices.push(await it.join({ name: `device-${i}` }))
      }),
      forever(async i => {
        const query = `name.startsWith("device-${i}")`
        await it.operator.call(putGroup, {
          params: { fleet, group: `group-${i}` },
          body: { query },
        })
        acknowledged.groups = i + 1
      }),
      forever(async i => {
        await it.publish({ revision: i + 1 })
        acknowledged.releases = i + 1
      }),
    ]
    await until(() => acknowledged.releases >= 3 && acknowledged.devices.length >= 3)
    await it.killAndRestart()
    await Promise.all(writers)

    const devices = await it.operator.call(listDevices, { params: { fleet } })
    const ids = new Set<string>(devices.map(({ id }) => id))
    assert.deepEqual(
      acknowledged.devices.filter(({ id }) => !ids.has(id)),
      [],
    )
    const releases = await it.operator.call(listReleases, { query: {} })
    assert.ok(releases.length >= acknowledged.releases)
    await assert.doesNotReject(clientSeesAll(releases.length))
    await moveStable(it.operator, acknowledged.releases)
    assert.equal((await it.operator.call(listRollouts, {})).length, 1)
  })

  test('is there after it: an order that a device has seen never changes', async () => {
    const device = await it.join({ name: 'late' })
    await it.publish({ revision: 100 })
    await moveStable(it.operator, 100)
    const { ordered } = await counters(device)
    await it.killAndRestart()
    assert.equal((await counters(device)).ordered, ordered)
  })

  test('is there after it: events are acknowledged once, and stored once', async () => {
    const device = await it.join({ name: 'eventful' })
    const events = [1, 2, 3].map(sequence => ({
      sequence,
      at: '2026-11-21T00:00:00Z',
      kind: 'agent' as const,
      message: `event ${sequence}`,
    }))
    assert.equal((await device.checkIn({ events })).acknowledged, 3)
    await it.killAndRestart()
    assert.equal((await device.checkIn({ events })).acknowledged, 3)
    const params = { device: device.id }
    const timeline = await it.operator.call(deviceTimeline, { params, query: {} })
    assert.deepEqual(
      timeline.map(({ event }) => event.sequence),
      [3, 2, 1],
    )
  })

  test('is there after it: the bytes of an upload, which goes on from them', async () => {
    const files = { app: Buffer.from(randomBytes(300_000)).toString('hex') }
    const { bundle, objects } = await makeRelease({ revision: 200, files })
    const params = { digest: digestOf(bundle) }
    const length = bundle.length
    const half = Math.floor(length / 2)
    const body = bundle.subarray(0, half)
    await it.operator.call(uploadPart, { params, query: { offset: 0, length }, body })
    const cut = it.operator
      .call(uploadPart, { params, query: { offset: half, length }, body: bundle.subarray(half) })
      .catch(() => undefined)
    await it.killAndRestart()
    await cut
    const held = await it.operator.call(uploadOffset, { params })
    assert.ok(held.complete || held.offset >= half)
    if (!held.complete) {
      const rest = bundle.subarray(held.offset)
      const query = { offset: held.offset, length }
      await it.operator.call(uploadPart, { params, query, body: rest })
    }
    const digests = [...objects.keys()]
    const { missing } = await it.operator.call(missingObjects, { body: { digests } })
    assert.deepEqual(missing, [])
    const uploads = await readdir(join(it.data, 'uploads'))
    assert.deepEqual(
      uploads.filter(name => name.endsWith('.staging')),
      [],
    )
  })
})

describe('the signer', () => {
  test('is started again when it ends, and what waited for it is signed', async () => {
    const device = await it.join({ name: 'unsigned' })
    process.kill(await signerOf(it.data), 'SIGKILL')
    await it.publish({ revision: 250 }).catch(() => undefined)
    await eventually(async () => (await it.anyone.call(health, {})).signer)
    const known = await it.operator.call(listReleases, { query: {} })
    if (!known.some(({ revision }) => revision === 250)) await it.publish({ revision: 250 })
    const params = { device: device.id, publisher: 'acme', name: 'greenhouse' }
    await it.operator.call(tryRelease, { params, body: { revision: 250 } })
    assert.equal(orderIn(await device.checkIn()).releases[0]?.revision, 250)
  })
})

describe('the catalogue', () => {
  test('is never torn for a client that reads while releases are published', async () => {
    const publishing = (async () => {
      for (let revision = 300; revision < 306; revision += 1) await it.publish({ revision })
    })()
    let isDone = false
    void publishing.finally(() => {
      isDone = true
    })
    while (!isDone) await clientSeesAll(0)
    await publishing
  })

  test('holds a publication that a crash cut off from the database', async () => {
    const release = await makeRelease({ revision: 400 })
    await upload(it.operator, release.bundle)
    const role = await nextRole(await it.role(), [release], it.keys.publisher, new Date())
    const publishing = putRole(it.operator, 'acme', role).catch(() => undefined)
    await it.killAndRestart()
    await publishing
    // Whatever the crash let through, the next publication stands on it.
    const known = await it.operator.call(listReleases, { query: {} })
    if (!known.some(({ revision }) => revision === 400)) await putRole(it.operator, 'acme', role)
    await it.publish({ revision: 401 })
    await clientSeesAll(0)
  })
})

describe('content', () => {
  test('is served in parts, with its digest as its tag', async () => {
    const { objects } = await it.publish({ revision: 500, files: { app: 'abcdefghij' } })
    const digest = [...objects].find(
      ([, bytes]) => Buffer.from(bytes).toString() === 'abcdefghij',
    )![0]
    const url = `${it.origin()}/v1/objects/${digest}`
    const part = await fetch(url, { headers: { range: 'bytes=2-4' } })
    assert.deepEqual([part.status, await part.text()], [206, 'cde'])
    const whole = await fetch(url)
    assert.equal(whole.headers.get('etag'), `"${digest}"`)
    const again = await fetch(url, { headers: { 'if-none-match': `"${digest}"` } })
    assert.equal(again.status, 304)
    const params = { digest: digestOf(randomBytes(8)) }
    await assert.rejects(it.anyone.open(getObject, { params }), { code: 'content/unknown' })
  })

  test('of a tree comes as a bundle: whole, or what another tree lacks, and in parts', async () => {
    const old = await it.publish({ revision: 510, files: { app: 'old', shared: 'same' } })
    const next = await it.publish({ revision: 511, files: { app: 'new', shared: 'same' } })
    const [tree, from] = [next, old].map(({ record }) => record.tree.digest) as [Digest, Digest]
    assert.deepEqual(await contentsOfBundle({ tree }, {}), ['new', 'same'])
    assert.deepEqual(await contentsOfBundle({ tree }, { from }), ['new'])
    const url = `${it.origin()}/v1/bundles/${tree}?from=${from}`
    const [whole, part] = await Promise.all([
      fetch(url).then(reply => reply.arrayBuffer()),
      fetch(url, { headers: { range: 'bytes=9-' } }),
    ])
    assert.equal(part.status, 206)
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), Buffer.from(whole).subarray(9))
    const params = { tree: digestOf(randomBytes(8)) }
    await assert.rejects(it.anyone.open(getBundle, { params }), { code: 'content/unknown' })
  })

  test('no path leads out of its folder', async () => {
    for (const file of ['..%2fserver.json', '%2e%2e/server.json', '....json', '.json']) {
      const reply = await fetch(`${it.origin()}/v1/catalogue/${file}`)
      assert.ok(reply.status === 400 || reply.status === 404, `${file}: ${reply.status}`)
      assert.equal((await reply.text()).includes('operators'), false)
    }
    const params = { file: '1.root.json' }
    const root = await collect((await it.anyone.open(getCatalogueFile, { params })).body)
    assert.ok(root.length > 0)
  })
})

/** Repeats until a call fails, which is when the server is killed. */
async function forever(act: (i: number) => Promise<void>): Promise<void> {
  try {
    for (let i = 0; i < 10_000; i += 1) await act(i)
  } catch {
    return
  }
}

async function until(isThere: () => boolean): Promise<void> {
  while (!isThere())
    await it.anyone.open(
      { method: 'GET', path: '/v1/health', needs: 'anyone', summary: '', reply: 'bytes' },
      {},
    )
}

/** The texts in a bundle, but for the tree's own listing, which comes first. */
async function contentsOfBundle(params: { tree: Digest }, query: { from?: Digest }) {
  const { body } = await it.anyone.open(getBundle, { params, query })
  const texts: string[] = []
  for await (const { content } of readBundle(body, { objects: 100, bytes: 1e6 })) {
    texts.push(Buffer.from(await collect(content)).toString())
  }
  return texts.slice(1).sort()
}

async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + 20_000
  while (Date.now() < until) if (await isSo()) return
  assert.fail('it never became so')
}

/** The child of the server that is its signer. */
async function signerOf(data: string): Promise<number> {
  const [server] = (await readFile(join(data, 'holder'), 'utf8')).split('\n')
  const children = await readFile(`/proc/${server}/task/${server}/children`, 'utf8')
  return Number(children.trim().split(' ')[0])
}

async function counters(device: TestDevice): Promise<{ ordered: number }> {
  const reply = await device.checkIn()
  const { orderedCounter } = await it.operator.call(getDevice, { params: { device: device.id } })
  if (reply.order) assert.equal(orderIn(reply).counter, orderedCounter)
  return { ordered: orderedCounter }
}

/** Reads the whole catalogue as a device does, from its first root on. */
async function clientSeesAll(atLeast: number): Promise<void> {
  const files = new Map<string, Uint8Array>()
  const store: CatalogueStore = {
    read: async name => files.get(name),
    commit: async changed => {
      for (const [name, bytes] of changed) files.set(name, bytes)
    },
  }
  const fetcher = {
    fetch: async (file: string) => {
      const reply = await fetch(`${it.origin()}/v1/catalogue/${file}`)
      return reply.ok ? new Uint8Array(await reply.arrayBuffer()) : undefined
    },
  }
  const firstRoot = digestOf((await fetcher.fetch('1.root.json')) ?? new Uint8Array())
  const catalogue = await refreshCatalogue({ store, fetcher, now: new Date(), firstRoot })
  for (let revision = 1; revision <= atLeast; revision += 1) {
    assert.ok(await catalogue.find(`acme/greenhouse/${revision}/amd64`), `revision ${revision}`)
  }
}
