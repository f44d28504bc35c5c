import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { digestOf, toUtf8 } from '@steadfleet/base'
import { toTreeBytes } from '@steadfleet/bundle'
import type { NewRecord } from '@steadfleet/engine'
import { JournalFile } from '../change/journal-file.ts'
import { holdUpdates, resumeUpdates } from '../say/acts.ts'
import { ObjectStore } from '../store/objects.ts'
import { TreeStore } from '../store/trees.ts'
import { TestDevice } from '../testing/device.test.ts'
import { PretendFleet } from '../testing/pretend-fleet.test.ts'
import { makeDirectories } from './durable.ts'
import { dataPath, pathsOf } from './paths.ts'

const skip = mayMount() ? false : 'mounting a small file system needs root'
const megabyte = 1024 * 1024
const good = { 'bin/main': 'well\n' }
const now = () => new Date('2026-11-21T00:00:00Z')

describe('a full disk', { skip, concurrency: 2 }, () => {
  test('in a fetch ends the change, gives the space back, is told, and is tried again', () =>
    onSmallDisk(16, async (root, disk) => {
      const fleet = await PretendFleet.start()
      const device = await TestDevice.join(fleet, { root })
      try {
        await fleet.give([await fleet.publish('acme/hub', 1, good)])
        await fleet.untilState('committed', 1)
        const free = freeBytes(root)
        const big = Object.fromEntries([...'abcdef'].map(name => [name, noise(name, 600_000)]))
        // Reserved and found enough; then somebody else fills the disk while the bundle comes.
        fleet.faults.spoil = (path, body) => {
          if (path.includes('bundles')) fill(root, disk)
          return body
        }
        await fleet.give([await fleet.publish('acme/hub', 2, { ...good, ...big })])
        const { failure } = await fleet.untilEvent('failure', 'agent/disk-full')
        assert.equal(failure?.kind, 'postponed')
        await fleet.until('its end', () => fleet.reports.at(-1)?.state === 'aborted' || undefined)
        assert.equal(device.apps.running.get('acme/hub main')?.revision, 1)
        delete fleet.faults.spoil
        rmSync(join(root, 'filler'))
        assert.ok(free - freeBytes(root) < 300_000, `${free - freeBytes(root)} bytes are gone`)
        await fleet.untilState('committed', 2)
      } finally {
        await device[Symbol.asyncDispose]().finally(() => fleet.close())
      }
    }))

  test('that would be too small for a tree is found out before the first byte', () =>
    onSmallDisk(8, async root => {
      const fleet = await PretendFleet.start()
      const device = await TestDevice.join(fleet, { root })
      try {
        const big = Object.fromEntries([...'abcdef'].map(name => [name, noise(name, 2_000_000)]))
        await fleet.give([await fleet.publish('acme/hub', 1, { ...good, ...big })])
        await fleet.untilEvent('change', 'agent/disk-full')
        assert.equal(fleet.requests.filter(one => one.includes('bundles')).length, 0)
      } finally {
        await device[Symbol.asyncDispose]().finally(() => fleet.close())
      }
    }))

  test('of inodes is found out before the first byte, and what runs runs on', () =>
    onSmallDisk(
      16,
      async root => {
        const fleet = await PretendFleet.start()
        const device = await TestDevice.join(fleet, { root })
        try {
          await fleet.give([await fleet.publish('acme/hub', 1, good)])
          await fleet.untilState('committed', 1)
          const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`n/${i}`, `${i}`]))
          const asked = fleet.requests.length
          await fleet.give([await fleet.publish('acme/hub', 2, { ...good, ...many })])
          const { failure } = await fleet.untilEvent('failure', 'agent/no-inodes')
          assert.equal(failure?.kind, 'postponed')
          const since = fleet.requests.slice(asked)
          assert.equal(since.filter(one => one.includes('bundles')).length, 0)
          assert.equal(device.apps.running.get('acme/hub main')?.revision, 1)
        } finally {
          await device[Symbol.asyncDispose]().finally(() => fleet.close())
        }
      },
      'nr_inodes=400',
    ))

  test('that has no room for a copy of the data is found out before anything is stopped', () =>
    withDevice(8, async ({ fleet, device }) => {
      await commitFirst(fleet)
      writeFilm(device, 1)
      const stops = device.apps.calls.filter(call => call.startsWith('stop')).length
      await fleet.give([await fleet.publish('acme/hub', 2, { ...good, a: '2' })])
      const { failure } = await fleet.untilEvent('failure', 'agent/disk-full')
      assert.equal(failure?.kind, 'postponed')
      await fleet.until('its end', () => fleet.reports.at(-1)?.state === 'aborted' || undefined)
      assert.equal(device.apps.calls.filter(call => call.startsWith('stop')).length, stops)
    }))

  test('that an app has filled while its update waited is found out before it is stopped', () =>
    withDevice(8, async ({ fleet, device }) => {
      await commitFirst(fleet)
      await holdUpdates(device.say)
      await fleet.give([await fleet.publish('acme/hub', 2, { ...good, a: '2' })])
      await fleet.until('the wait', () =>
        fleet.events.find(one => one.state === 'ready' && one.generation === 2),
      )
      writeFilm(device, 1)
      const { calls } = device.apps
      const stops = calls.filter(call => call.startsWith('stop')).length
      await resumeUpdates(device.say)
      await fleet.untilEvent('change', 'agent/disk-full')
      await fleet.until('its end', () => fleet.reports.at(-1)?.state === 'aborted' || undefined)
      assert.equal(calls.filter(call => call.startsWith('stop')).length, stops)
    }))

  test('in the copy of the data goes back to the old release and its data', () =>
    withDevice(8, async ({ fleet, device }) => {
      await commitFirst(fleet)
      const stop = device.apps.stop.bind(device.apps)
      device.apps.stop = async name => {
        // Reserved and found enough; then the app's last words are long.
        if (device.apps.running.get('acme/hub main')?.revision === 1) writeFilm(device, 1)
        await stop(name)
      }
      await fleet.give([await fleet.publish('acme/hub', 2, { ...good, a: '2' })])
      const { failure } = await fleet.untilEvent('failure', 'agent/disk-full')
      assert.equal(failure?.kind, 'change')
      await fleet.untilState('restored', 1)
      assert.equal(device.apps.running.get('acme/hub main')?.revision, 1)
      assert.deepEqual(
        dataOf(device).filter(name => name.startsWith('2')),
        [],
      )
    }))

  test('makes what was put aside give way to what is ordered', () =>
    withDevice(14, async ({ fleet, device }) => {
      await commitFirst(fleet)
      writeFilm(device, 1)
      await fleet.give([await fleet.publish('acme/hub', 2, { 'bin/main': 'sick' })])
      await fleet.untilState('restored', 1)
      assert.ok(dataOf(device).includes('2.rejected'))
      await fleet.give([await fleet.publish('acme/hub', 3, { ...good, a: '3' })])
      await fleet.untilState('committed', 3)
      assert.ok(!dataOf(device).includes('2.rejected'))
      await fleet.until('the word of it', () =>
        fleet.events.find(one => /gave up data .* acme.hub of generation 2/.test(one.message)),
      )
    }))

  test('on a trial that fails goes back all the same', () =>
    withDevice(8, async ({ fleet, device, root, bytes }) => {
      await commitFirst(fleet)
      const policy = { 'probation-seconds': 600, 'check-in-seconds': 60 }
      const files = { 'bin/main': 'sick' }
      await fleet.give([await fleet.publish('acme/hub', 2, files)], { policy })
      await fleet.until('the trial', () =>
        fleet.events.find(one => one.state === 'probation' && one.generation === 2),
      )
      fill(root, bytes)
      await fleet.until(
        'the old release',
        () => device.apps.running.get('acme/hub main')?.revision === 1 || undefined,
      )
      rmSync(join(root, 'filler'))
      await fleet.untilState('restored', 1)
    }))

  test('in a restoration by hand leaves all as it was', () =>
    withDevice(8, async ({ fleet, device, root, bytes }) => {
      await commitFirst(fleet)
      writeFilm(device, 1, 1)
      await fleet.give([await fleet.publish('acme/hub', 2, { ...good, a: '2' })])
      await fleet.untilState('committed', 2)
      fill(root, bytes)
      const filler = join(root, 'filler')
      truncateSync(filler, statSync(filler).size - megabyte / 2)
      await device.agent!.revert({ restoreData: true })
      await fleet.untilEvent('failure', 'agent/disk-full')
      assert.equal(device.apps.running.get('acme/hub main')?.revision, 2)
      rmSync(filler)
      await fleet.untilState('committed', 1)
    }))

  test('in the laying out of a tree leaves nothing of it', () =>
    onSmallDisk(4, async (root, disk) => {
      const paths = pathsOf(root)
      await makeDirectories([paths.objects, paths.incoming, paths.trees, paths.building])
      const objects = new ObjectStore(paths)
      const program = noise('program', megabyte)
      const digest = digestOf(program)
      const entry = {
        path: 'main',
        kind: 'file',
        digest,
        size: program.length,
        mode: '755',
      } as const
      const listing = toTreeBytes({ type: 'tree', format: 1, entries: [entry] })
      for (const bytes of [program, listing]) await objects.stage(digestOf(bytes), once(bytes))
      await objects.admit([digest, digestOf(listing)])
      fill(root, disk)
      const trees = new TreeStore(paths, objects)
      await assert.rejects(trees.install(digestOf(listing)), { code: 'agent/disk-full' })
      assert.deepEqual(await readdir(paths.trees), [])
    }))

  test('lets the journal still say that the change is aborted', () =>
    onSmallDisk(4, async (root, disk) => {
      await mkdir(join(root, 'journal'))
      const journal = await JournalFile.open(join(root, 'journal'), { device: 'dev_1', now })
      await journal.append(plan)
      fill(root, disk)
      await assert.rejects(fillUp(journal), { code: 'agent/disk-full' })
      await journal.append(abort)
      await journal.append({ type: 'end', outcome: 'restored' })
      await journal.close()
      const reopened = await JournalFile.open(join(root, 'journal'), { device: 'dev_1', now })
      assert.equal(reopened.state.change?.state, 'restored')
      assert.equal(reopened.damage, undefined)
      await reopened.close()
    }))
})

const plan: NewRecord = {
  type: 'plan',
  from: 0,
  to: 1,
  counter: 1,
  seal: digestOf(toUtf8('')),
  steps: [{ id: 'activate', kind: 'activate', reads: [], writes: [] }],
}
const abort: NewRecord = { type: 'abort', code: 'x', why: 'full', packages: [], lasting: false }

/** Records until the last block of the journal's file is used up. */
async function fillUp(journal: JournalFile): Promise<void> {
  const watch: NewRecord = { type: 'begin', step: 'activate' }
  for (let i = 0; i < 1000; i++) await journal.append(watch)
}

interface SmallDevice {
  readonly fleet: PretendFleet
  readonly device: TestDevice
  readonly root: string
  readonly bytes: number
}

async function withDevice(
  megabytes: number,
  story: (on: SmallDevice) => Promise<void>,
): Promise<void> {
  await onSmallDisk(megabytes, async (root, bytes) => {
    const fleet = await PretendFleet.start()
    const device = await TestDevice.join(fleet, { root })
    try {
      await story({ fleet, device, root, bytes })
    } finally {
      await device[Symbol.asyncDispose]().finally(() => fleet.close())
    }
  })
}

async function commitFirst(fleet: PretendFleet): Promise<void> {
  await fleet.give([await fleet.publish('acme/hub', 1, good)])
  await fleet.untilState('committed', 1)
}

function writeFilm({ paths }: TestDevice, generation: number, megabytes = 5): void {
  const path = join(dataPath(paths, 'acme/hub', generation), 'film')
  writeFileSync(path, noise('film', megabytes * megabyte))
}

function dataOf({ paths }: TestDevice): string[] {
  return readdirSync(join(paths.data, 'acme.hub'))
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

async function onSmallDisk(
  megabytes: number,
  use: (root: string, bytes: number) => Promise<void>,
  ...more: readonly string[]
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'steadfleet-disk-'))
  const options = [`size=${megabytes}m`, 'mode=755', ...more].join()
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', root])
  try {
    await use(root, megabytes * megabyte)
  } finally {
    execFileSync('umount', ['-l', root])
    rmSync(root, { recursive: true })
  }
}

/** Leaves not one block free. */
function fill(root: string, bytes: number): void {
  for (let size = bytes; size >= 1; size = Math.floor(size / 2)) {
    try {
      while (freeBytes(root) > 0)
        writeFileSync(join(root, 'filler'), Buffer.alloc(size), { flag: 'a' })
    } catch {
      // Too much at once; a smaller piece may still fit.
    }
  }
}

function freeBytes(root: string): number {
  const { bavail, bsize } = statfsSync(root)
  return bavail * bsize
}

function mayMount(): boolean {
  if (process.getuid?.() !== 0) return false
  const root = mkdtempSync(join(tmpdir(), 'steadfleet-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', root], { stdio: 'ignore' })
    execFileSync('umount', [root])
    return true
  } catch {
    return false
  } finally {
    rmSync(root, { recursive: true })
  }
}

/** Bytes that do not compress, the same in every run. */
function noise(seed: string, length: number): Uint8Array {
  const blocks: Uint8Array[] = []
  for (let i = 0; i * 64 < length; i++)
    blocks.push(toUtf8(digestOf(toUtf8(`${seed} ${i}`)).slice(7)))
  return new Uint8Array(Buffer.concat(blocks).subarray(0, length))
}
