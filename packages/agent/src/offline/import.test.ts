import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import { type Digest, toDocument, toHexDigest, toUtf8 } from '@steadfleet/base'
import { contentsOf, makeHeader, parseTree } from '@steadfleet/bundle'
import { currentGeneration } from '../change/generations.ts'
import { TestDevice } from '../testing/device.test.ts'
import { documentsOf, exportOf } from '../testing/offline-fleet.test.ts'
import { PretendFleet, type Release } from '../testing/pretend-fleet.test.ts'
import { askImport } from './ask-import.ts'

const good = { 'bin/main': 'well\n', 'share/text': 'hello' }

describe('a file from a stick', { concurrency: 3 }, () => {
  test('brings a device without a network a release, which it proves and keeps', () =>
    onDevice(async ({ fleet, device, write }) => {
      const first = await fleet.publish('acme/hub', 1, { ...good, ...noise(40) })
      await fleet.give([first])
      const file = write(await exportOf(fleet, [first]))
      await fleet.close()
      const told: string[] = []
      const result = await askImport(device.paths, file, one => void told.push(one.package))
      assert.deepEqual(result, { state: 'imported', counter: 1, packages: ['acme/hub 1'] })
      await until(async () => device.apps.running.get('acme/hub main')?.revision === 1)
      // Told, and gone on from, once there is a network again.
      await fleet.reopen()
      await fleet.untilState('committed', 1)
      assert.ok(fleet.events.some(event => /took order 1 from a file/.test(event.message)))
      await fleet.give([await fleet.publish('acme/hub', 2, good)])
      await fleet.untilState('committed', 2)
      assert.deepEqual(readdirSync(device.paths.imports), [])
    }))

  test('is gone on from after the agent was ended between taking and following', () =>
    onDevice(async ({ fleet, device, write }) => {
      const first = await fleet.publish('acme/hub', 1, { ...good, ...noise(10) })
      await fleet.give([first])
      const file = write(await exportOf(fleet, [first]))
      await fleet.close()
      await askImport(device.paths, file, () => undefined)
      await device.stop()
      await device.start()
      await until(async () => (await currentGeneration(device.paths)).packages[0]?.revision === 1)
      // Once more the same file: there is nothing in it that is not here.
      const again = await askImport(device.paths, file, () => undefined)
      assert.equal(again.state, 'imported')
    }))

  test('that was cut off while it was unpacked is imported again from where it was', () =>
    onDevice(async ({ fleet, device, write }) => {
      const first = await fleet.publish('acme/hub', 1, { ...good, ...noise(40) })
      await fleet.give([first])
      const whole = await exportOf(fleet, [first])
      await fleet.close()
      const half = write(whole.subarray(0, whole.length - 2000))
      const { code } = (await askImport(device.paths, half, () => undefined)) as { code: string }
      assert.equal(code, 'bundle/cut')
      const result = await askImport(device.paths, write(whole), () => undefined)
      assert.equal(result.state, 'imported')
    }))

  test('that is not what it should be is refused by name, and takes nothing away', () =>
    onDevice(async ({ fleet, device, write }) => {
      await fleet.give([await fleet.publish('acme/hub', 1, good)])
      await fleet.untilState('committed', 1)
      // What this fleet says from here on, the device hears by stick alone.
      await fleet.close()
      const stale = documentsOf(fleet, [])
      const before = readdirSync(device.paths.trust).sort()
      for (const [what, code, make] of hostile(stale)) {
        const result = await askImport(device.paths, write(await make({ fleet })), () => undefined)
        assert.deepEqual([what, 'code' in result && result.code], [what, code])
        assert.deepEqual(readdirSync(device.paths.trust).sort(), before, what)
        assert.equal(existsSync(device.paths.offline), false, what)
        assert.equal(device.apps.running.get('acme/hub main')?.revision, 1)
      }
      const release = await nextRelease(fleet)
      await fleet.give([release])
      const whole = write(await exportOf(fleet, [release]))
      assert.equal((await askImport(device.paths, whole, () => undefined)).state, 'imported')
      const { revision } = release.record
      await until(async () => {
        const { packages } = await currentGeneration(device.paths)
        return packages[0]?.revision === revision
      })
    }))

  test('is not waited for where no agent runs', () =>
    onDevice(async ({ device, write }) => {
      await device.stop()
      const file = write(toUtf8('x'))
      await assert.rejects(
        askImport(device.paths, file, () => undefined),
        { code: 'agent/not-running' },
      )
      await device.start()
      const gone = askImport(device.paths, `${file}.gone`, () => undefined)
      await assert.rejects(gone, { code: 'agent/not-there' })
    }))
})

type Maker = Pick<Scene, 'fleet'>
type Made = (scene: Maker) => Promise<Uint8Array>

/** Files that must be refused, each made from a good one by one change. */
function hostile(
  stale: ReadonlyMap<string, Uint8Array>,
): [what: string, code: string, make: Made][] {
  return [
    ['no offline file', 'bundle/not-a-bundle', async () => toUtf8('#!/bin/sh\nreboot\n')],
    ['an empty file', 'bundle/cut', async () => new Uint8Array()],
    ['a file of a later version', 'bundle/version', edited(bytes => bytes.fill(2, 8, 9))],
    ['one whose head was changed', 'bundle/header', edited(bytes => bytes.fill(0x7a, 9, 10))],
    [
      'one that announces an endless document',
      'bundle/too-large',
      edited(bytes => bytes.fill(0x10, 13, 15)),
    ],
    ['one whose document was changed', 'bundle/digest', edited(flipInside('"signatures"'))],
    [
      'one whose end was changed',
      'bundle/digest',
      edited(bytes => bytes.fill(1, bytes.length - 20, bytes.length - 10)),
    ],
    [
      'one with more behind its end',
      'bundle/excess',
      async scene => Buffer.concat([await next(scene), toUtf8('x')]),
    ],
    [
      'one whose bundle was changed',
      'bundle/corrupt',
      edited(bytes => bytes.fill(1, bytes.length - 600, bytes.length - 500)),
    ],
    ['one for another device', 'agent/other-device', forAnother],
    ['one for no device', 'agent/other-device', forNobody],
    [
      'one under another device’s name',
      'trust/wrong-device',
      ordered({ device: 'dev_11111111111111111111' }),
    ],
    [
      'one whose order has expired',
      'trust/expired',
      ordered({ expires: new Date(Date.now() - 1000) }),
    ],
    ['one older than the device’s order', 'trust/replayed-order', ordered({ counter: 1 })],
    [
      'one whose catalogue is older than what the device saw',
      'trust/rollback',
      withCatalogue(stale),
    ],
    [
      'one without the catalogue',
      'trust/missing-metadata',
      without('/v1/catalogues/acme/timestamp.json'),
    ],
    ['one without the release record', 'content/unknown', withoutRecord],
    ['one without the content', 'content/unknown', withoutBundle],
    ['one whose bundle of kilobytes becomes 128 MB', 'bundle/excess', withBomb],
    ...listings.map(([what, code]): [string, string, Made] => [what, code, listing(what)]),
  ]
}

/** Of `vectors/tree`: what a listing says that leads, or would be led, out of its tree. */
const listings: readonly [what: string, code: string][] = [
  ['A path that climbs.', 'tree/path'],
  ['An absolute path.', 'tree/path'],
  ['A NUL in a name.', 'tree/path'],
  ['A link that climbs out.', 'tree/link-leaves'],
  ['A link that leaves through another link.', 'tree/link-leaves'],
  ['A link as the folder of a file: it would be written where the link leads.', 'tree/parent'],
]
const vectors: readonly { says: string; listing: string }[] = JSON.parse(
  readFileSync('vectors/tree/index.json', 'utf8'),
)

/** The publisher signed it, the owner ordered it, and still it is refused before anything is laid out. */
function listing(says: string): Made {
  return async ({ fleet }) => {
    const vector = vectors.find(one => one.says === says)
    assert.ok(vector, says)
    const tree = fleet.put(toUtf8(vector.listing))
    const release = await fleet.publish('acme/hub', fleet.counter + 2, good, { tree })
    await fleet.give([release])
    return exportOf(fleet, [], documentsOf(fleet, [release]))
  }
}

async function withBomb({ fleet }: Maker): Promise<Uint8Array> {
  const release = await nextRelease(fleet)
  await fleet.give([release])
  return exportOf(fleet, [release], documentsOf(fleet, [release]), async (_, tree) =>
    bomb(fleet, tree),
  )
}

/** A bundle that begins as it should, and goes on with zeros. */
function bomb({ objects }: PretendFleet, tree: Digest): Uint8Array {
  const refs = contentsOf(parseTree(objects.get(tree)!))
  const header = toDocument(makeHeader(tree, refs))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(header.length)
  const content = refs.map(({ digest }) => objects.get(digest)!)
  const zeros = Buffer.alloc(128 * 1024 * 1024)
  const packed = zstdCompressSync(Buffer.concat([length, header, ...content, zeros]))
  assert.ok(packed.length < 32 * 1024)
  return Buffer.concat([readFileSync('vectors/bundle/whole.bundle').subarray(0, 9), packed])
}

/** The export of a release that the device may have. */
async function next({ fleet }: Maker, stated: object = {}): Promise<Uint8Array> {
  const release = await nextRelease(fleet)
  await fleet.give([release], stated)
  return exportOf(fleet, [release])
}

function nextRelease(fleet: PretendFleet): Promise<Release> {
  const revision = fleet.counter + 2
  return fleet.publish('acme/hub', revision, { ...good, ...noise(40), revision: `${revision}` })
}

function edited(edit: (bytes: Buffer) => void): Made {
  return async scene => {
    const bytes = Buffer.from(await next(scene))
    edit(bytes)
    return bytes
  }
}

function flipInside(text: string): (bytes: Buffer) => void {
  return bytes => void bytes.write('X', bytes.indexOf(text) + 2)
}

function ordered(stated: object): Made {
  return scene => next(scene, stated)
}

async function forAnother({ fleet }: Maker): Promise<Uint8Array> {
  const own = orderOf(fleet)
  const other = own.replace(/dev_./, 'dev_z')
  const make = changed(documents => {
    documents.set(other, documents.get(own)!)
    documents.delete(own)
  })
  return make({ fleet })
}

async function forNobody({ fleet }: Maker): Promise<Uint8Array> {
  return changed(documents => void documents.delete(orderOf(fleet)))({ fleet })
}

function orderOf({ deviceId }: PretendFleet): string {
  return `/v1/devices/${deviceId}/order`
}

function without(name: string): Made {
  return changed(documents => void documents.delete(name))
}

function changed(change: (documents: Map<string, Uint8Array>, release: Release) => void): Made {
  return async ({ fleet }) => {
    const release = await nextRelease(fleet)
    await fleet.give([release])
    const documents = documentsOf(fleet, [release])
    change(documents, release)
    return exportOf(fleet, [release], documents)
  }
}

/** The order of now, by the catalogue of then; the device has seen the catalogue of now meanwhile. */
function withCatalogue(stale: ReadonlyMap<string, Uint8Array>): Made {
  return changed(documents => {
    for (const [name, bytes] of stale)
      if (name.startsWith('/v1/catalogues/')) documents.set(name, bytes)
  })
}

async function withoutRecord(scene: Maker): Promise<Uint8Array> {
  const drop = changed((documents, { recordBytes }) => {
    for (const [name, bytes] of documents) if (bytes === recordBytes) documents.delete(name)
  })
  return drop(scene)
}

async function withoutBundle({ fleet }: Maker): Promise<Uint8Array> {
  const release = await nextRelease(fleet)
  await fleet.give([release])
  return exportOf(fleet, [], documentsOf(fleet, [release]))
}

interface Scene {
  readonly fleet: PretendFleet
  readonly device: TestDevice
  readonly write: (bytes: Uint8Array) => string
}

async function onDevice(story: (scene: Scene) => Promise<void>): Promise<void> {
  const fleet = await PretendFleet.start()
  const stick = mkdtempSync(join(tmpdir(), 'steadfleet-stick-'))
  const write = (bytes: Uint8Array): string => {
    const file = join(stick, `${readdirSync(stick).length}.sfo`)
    writeFileSync(file, bytes)
    return file
  }
  try {
    await using device = await TestDevice.join(fleet)
    await story({ fleet, device, write })
  } finally {
    await fleet.close()
    rmSync(stick, { recursive: true, force: true })
  }
}

/** Files that do not compress, so that a bundle of them has a length to speak of. */
function noise(count: number): Record<string, string> {
  const text = (i: number) => toHexDigest(`sha256:${`${i}`.padStart(64, '7')}` as never)
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`share/${i}`, `${text(i)} ${Math.sin(i)}`]),
  )
}

async function until(is: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (await is()) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  assert.fail('not so after 30 s')
}
