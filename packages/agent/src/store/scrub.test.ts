import assert from 'node:assert/strict'
import { existsSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { toUtf8 } from '@steadfleet/base'
import type { GenerationPackage } from '@steadfleet/engine'
import { makeClient, type TransportReply } from '@steadfleet/protocol'
import { treePath } from '../disk/paths.ts'
import { TestDevice } from '../testing/device.test.ts'
import { LaidTrees } from '../testing/laid-trees.test.ts'
import { PretendFleet } from '../testing/pretend-fleet.test.ts'
import { Scrub } from './scrub.ts'
import { Sources } from './sources.ts'

const day = 24 * 3_600_000
const good = { 'bin/main': 'well\n', 'share/text': 'hello' }

describe('a scrub', () => {
  test('finds a damaged object and a damaged tree, and both are as they were', async () => {
    const fleet = await PretendFleet.start()
    const device = await TestDevice.join(fleet)
    try {
      const release = await fleet.publish('acme/hub', 1, good)
      await fleet.give([release])
      await fleet.untilState('committed', 1)
      const file = join(treePath(device.paths, release.record.tree.digest), 'share/text')
      unlinkSync(file)
      writeFileSync(file, 'hullo')
      const stored = join(device.paths.objects, ...placeOf(release.record.tree.digest))
      writeFileSync(stored, 'no listing')
      const { damaged } = (await device.agent?.scrub()) ?? {}
      assert.equal(damaged, 1)
      await fleet.untilEvent('security', 'agent/damaged-object')
      await fleet.untilEvent('security', 'agent/damaged-tree')
      await fleet.until('the repair', () =>
        fleet.events.find(event => event.message.startsWith('put tree')),
      )
      assert.equal(readFileSync(file, 'utf8'), 'hello')
      assert.ok(existsSync(stored) && readFileSync(stored).length === release.record.tree.length)
    } finally {
      await device[Symbol.asyncDispose]().finally(() => fleet.close())
    }
  })

  test('comes about once a week, and goes on after a restart where it was', async () => {
    await using laid = await LaidTrees.make()
    for (let i = 0; i < 40; i++) await laid.put(toUtf8(`object ${i}`))
    const folders = await laid.objects.folders()
    const half = folders[20] ?? ''
    const first = await passOf(laid)
    assert.equal(first.objects, 40)
    const { due } = JSON.parse(readFileSync(laid.paths.scrub, 'utf8'))
    const wait = (due - laid.world.now().getTime()) / day
    assert.ok(wait > 6 && wait < 8, `${wait} days`)
    const left = { folder: half, due, objects: 20, damaged: 0 }
    writeFileSync(laid.paths.scrub, JSON.stringify(left))
    const before = (
      await Promise.all(folders.slice(0, 20).map(one => laid.objects.filesIn(one)))
    ).flatMap(({ files }) => files)
    assert.equal((await passOf(laid)).objects, 20 + 40 - before.length)
  })

  test('that was due under a clock that is no more comes within a week', async () => {
    await using laid = await LaidTrees.make()
    const due = laid.world.now().getTime() + 1000 * day
    writeFileSync(laid.paths.scrub, JSON.stringify({ folder: '', due, objects: 0, damaged: 0 }))
    const stop = new AbortController()
    const loop = scrubOf(laid).scrubForever(stop.signal)
    while (JSON.parse(readFileSync(laid.paths.scrub, 'utf8')).due === due) await laid.settle()
    stop.abort(new Error('enough'))
    await assert.rejects(loop, /enough/)
    const now = JSON.parse(readFileSync(laid.paths.scrub, 'utf8')).due
    assert.ok(now < laid.world.now().getTime() + 8 * day)
  })
})

/** One pass, asked for, of a new life over this store. */
async function passOf(laid: LaidTrees): Promise<{ objects: number; damaged: number }> {
  const stop = new AbortController()
  const scrub = scrubOf(laid)
  const asked = scrub.ask()
  const loop = scrub.scrubForever(stop.signal)
  const found = await asked
  stop.abort(new Error('enough'))
  await assert.rejects(loop, /enough/)
  return found
}

function scrubOf(laid: LaidTrees): Scrub {
  const { paths, objects, trees, world } = laid
  const transport = async (): Promise<TransportReply> => assert.fail('nothing is fetched')
  const suspect = (error: unknown) => assert.fail(String(error))
  const client = makeClient({ origin: 'http://127.0.0.1:1', transport })
  const server = { name: 'server', client, kind: 'server' as const }
  const sources = new Sources({ server, transport, world, peers: [], mirrors: [], suspect })
  const throttle = async () => undefined
  return new Scrub({
    path: paths.scrub,
    fetching: { sources, paths, objects, suspect, throttle, applyDelta: () => assert.fail() },
    trees,
    world,
    packages: async (): Promise<GenerationPackage[]> => [],
    look: async () => undefined,
    tell: async () => undefined,
  })
}

function placeOf(digest: string): [string, string] {
  const hex = digest.slice('sha256:'.length)
  return [hex.slice(0, 2), hex]
}
