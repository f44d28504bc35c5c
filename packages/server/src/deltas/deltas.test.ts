import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Digest } from '@steadfleet/base'
import { parseTree, readDelta, toByteSource } from '@steadfleet/bundle'
import type { PackageName, StateReport } from '@steadfleet/domain'
import { getDelta } from '@steadfleet/protocol'
import type { TestDevice } from '../testing/test-device.ts'
import { follow, moveStable, openTestFleet, type TestFleet } from '../testing/test-fleet.ts'
import type { TestRelease } from '../testing/test-release.ts'
import { makeDelta } from './delta-job.ts'
import { runDeltaProcess } from './run-delta-process.ts'
import { openShelf } from './shelf.ts'

/** Text that does not compress, in which little changes from one revision to the next. */
const noise = (seed: number) =>
  Array.from({ length: 3000 }, (_, i) => Math.imul(i * i, seed * 0x9e3779b1) >>> 0).join(' ')

describe('a server', () => {
  let fleet: TestFleet
  let device: TestDevice
  const published: TestRelease[] = []

  before(async () => {
    fleet = await openTestFleet()
    device = await fleet.join()
    const texts = [noise(1), `${noise(1)} and more`, noise(2)]
    for (const [i, text] of texts.entries()) {
      published.push(await fleet.publish({ revision: i + 1, files: { text } }))
    }
    await moveStable(fleet.operator, 1)
    await follow(fleet.operator)
    await device.checkIn()
    await device.checkIn({ counter: 1, releases: [runs(published[0]!)] })
  })
  after(() => fleet[Symbol.asyncDispose]())

  test('makes a delta from what its devices run to what they are ordered, and only that', async () => {
    const [old, next, other] = published as [TestRelease, TestRelease, TestRelease]
    assert.equal(await fetchDelta(fleet, old, next), undefined, 'nothing is ordered yet')
    await moveStable(fleet.operator, 2)
    await fleet.server().hasLogged('made a delta')
    const delta = await fetchDelta(fleet, old, next)
    assert.ok(delta && delta.length < 600, `${delta?.length} bytes`)
    assert.deepEqual(await madeOf(delta, old, next), textOf(next))
    assert.equal(await fetchDelta(fleet, next, old), undefined)
    assert.equal(await fetchDelta(fleet, other, next), undefined)
  })

  test('still has it after a crash, and makes nothing of a tree that no release has', async () => {
    const [old, next] = published as [TestRelease, TestRelease]
    await fleet.killAndRestart(() =>
      writeFile(join(fleet.data, 'deltas', 'half-made.new'), 'what a crash leaves'),
    )
    assert.ok(await fetchDelta(fleet, old, next))
    assert.equal((await readdir(join(fleet.data, 'deltas'))).length, 1)
    const lie = { ...runs(old), tree: runs(published[2]!).tree }
    await device.checkIn({ releases: [lie] })
    assert.equal(await fetchDelta(fleet, published[2]!, next), undefined)
  })
})

describe('making a delta', () => {
  test('ends at its deadline, when nobody wants it any more, and before more content than may be', async () => {
    await using fleet = await openTestFleet()
    const from = await fleet.publish({ revision: 1 })
    const to = await fleet.publish({ revision: 2 })
    const [old, tree] = [from.record.tree.digest, to.record.tree.digest]
    const path = join(fleet.data, 'made')
    const objects = join(fleet.data, 'objects')
    const job = {
      objects,
      from: old,
      tree,
      path,
      instead: 10_000,
      memory: 1 << 20,
      mostContent: 99,
    }
    assert.equal(await makeDelta(job), 'smaller')
    assert.equal(await makeDelta({ ...job, instead: 10 }), 'not smaller')
    assert.equal(await makeDelta({ ...job, mostContent: 1 }), 'too much')
    const never = new AbortController().signal
    assert.equal(await runDeltaProcess({ ...job, deadlineMs: 1 }, never), 'too slow')
    const whole = { ...job, deadlineMs: 60_000 }
    assert.equal(await runDeltaProcess(whole, AbortSignal.abort()), 'unwanted')
    const nowhere = `sha256:${'0'.repeat(64)}` as Digest
    const end = await runDeltaProcess({ ...whole, from: nowhere }, never)
    assert.ok(typeof end === 'object' && /cannot find/.test(end.fault))
  })
})

test('what was not asked for the longest makes room', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'steadfleet-shelf-'))
  try {
    let now = 0
    const tick = () => {
      now += 1000
      return new Date(now)
    }
    const shelf = openShelf(folder, 100, tick)
    const name = (n: number) => `${n}`.repeat(64).concat('-', '0'.repeat(64))
    const put = async (n: number) => {
      await writeFile(join(folder, 'draft'), 'x'.repeat(40))
      await shelf.put(join(folder, 'draft'), name(n))
    }
    await put(1)
    await put(2)
    assert.equal(await shelf.take(name(1)), true)
    await put(3)
    assert.deepEqual([await shelf.has(name(1)), await shelf.has(name(2))], [true, false])
    assert.equal(await shelf.take(name(2)), false)
  } finally {
    await rm(folder, { recursive: true })
  }
})

function runs({ record }: TestRelease): StateReport['releases'][number] {
  const { revision, version, tree } = record
  return { package: 'acme/greenhouse' as PackageName, revision, version, tree: tree.digest }
}

async function fetchDelta(
  fleet: TestFleet,
  from: TestRelease,
  to: TestRelease,
): Promise<Uint8Array | undefined> {
  const params = { from: from.record.tree.digest, tree: to.record.tree.digest }
  try {
    const { body } = await fleet.anyone.open(getDelta, { params })
    const chunks: Uint8Array[] = []
    for await (const chunk of body) chunks.push(chunk)
    return new Uint8Array(Buffer.concat(chunks))
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'content/unknown')
    return undefined
  }
}

function textOf(release: TestRelease): string {
  const [entry] = treeOf(release).entries
  if (entry?.kind !== 'file') throw new Error('the tree has one file')
  return Buffer.from(release.objects.get(entry.digest)!).toString()
}

function treeOf({ record, objects }: TestRelease) {
  return parseTree(objects.get(record.tree.digest)!)
}

async function madeOf(delta: Uint8Array, from: TestRelease, to: TestRelease): Promise<string> {
  const made: string[] = []
  const target = {
    from: from.objects.get(from.record.tree.digest)!,
    tree: to.record.tree.digest,
    bytes: 1 << 20,
    open: async (digest: Digest) => toByteSource(from.objects.get(digest)!),
  }
  for await (const { content } of readDelta(toByteSource(delta), target)) {
    const chunks: Uint8Array[] = []
    for await (const chunk of content) chunks.push(new Uint8Array(chunk))
    made.push(Buffer.concat(chunks).toString())
  }
  return made[1] ?? ''
}
