import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { appendFile, cp, mkdtemp, readdir, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { backUp, getLog, getObject, listReleases } from '@steadfleet/protocol'
import { ofSqliteAlone } from '../testing/test-database.ts'
import type { TestDevice } from '../testing/test-device.ts'
import { follow, moveStable, openTestFleet, type TestFleet } from '../testing/test-fleet.ts'
import { openTestLog, type TestLog } from '../testing/test-log.ts'
import type { TestRelease } from '../testing/test-release.ts'

const program = join(import.meta.dirname, '../main.ts')

describe('a server whose disk is lost', { concurrency: false, skip: ofSqliteAlone }, () => {
  let log: TestLog
  let folder: string
  let second: string
  let it: TestFleet
  let device: TestDevice
  let release: TestRelease
  let size: number

  before(async () => {
    log = await openTestLog(0, 0)
    folder = await mkdtemp(join(tmpdir(), 'steadfleet-second-'))
    second = join(folder, 'second')
    it = await openTestFleet([], log, {}, ['--second-store', second])
    await follow(it.operator)
    release = await it.publish({ revision: 1 })
    await moveStable(it.operator, 1)
    await it.operator.call(backUp, {})
    // Joined after the last copy that anybody asked for.
    device = await it.join()
    size = (await it.operator.call(getLog, {})).published
    await cp(join(it.data, 'signer'), join(folder, 'keys'), { recursive: true })
  })
  after(async () => {
    await it?.[Symbol.asyncDispose]()
    await log[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  test('is restored into no folder that holds a server', async () => {
    assert.match(await restore(second, it.data), /server\/not-empty/)
  })

  test('is restored from nothing that is no second store', async () => {
    assert.match(await restore(folder, join(folder, 'new')), /server\/not-initialised/)
  })

  test('is not restored from an object, or a database, that is damaged', async () => {
    const bad = join(folder, 'bad')
    for (const name of ['objects', 'steadfleet.db']) {
      await cp(second, bad, { recursive: true })
      const [path = ''] = name === 'objects' ? await objectsIn(bad) : [join(bad, name)]
      if (name === 'objects') await appendFile(path, 'x')
      else await truncate(path, 5000)
      assert.match(await restore(bad, join(folder, 'new')), /server\/damaged-copy/, name)
      assert.ok(!existsSync(join(folder, 'new/steadfleet.db')))
      await rm(bad, { recursive: true })
      await rm(join(folder, 'new'), { recursive: true })
    }
  })

  test('serves its devices again from the second store alone, though the restore was cut short', async () => {
    await it.killAndRestart(async () => {
      await rm(it.data, { recursive: true, force: true, maxRetries: 5 })
      for (const ms of [100, 200, 300]) await restore(second, it.data, ms)
      if (!existsSync(join(it.data, 'steadfleet.db'))) {
        assert.equal(await restore(second, it.data), '')
      }
      await cp(join(folder, 'keys'), join(it.data, 'signer'), { recursive: true })
    })
    const reply = await orderFor(device)
    assert.equal(reply.releases[0]?.revision, 1)
    const { digest } = release.record.tree
    await it.anyone.open(getObject, { params: { digest } })
    const view = await it.operator.call(getLog, {})
    assert.deepEqual([view.published >= size, view.trouble], [true, null])
    assert.equal((await it.operator.call(listReleases, { query: {} })).length, 1)
  })

  test('and goes on from there', async () => {
    await it.publish({ revision: 2 })
    await moveStable(it.operator, 2)
    const view = await it.operator.call(getLog, {})
    assert.equal(view.published, size + 1)
  })
})

test('a server without a second store says so to whoever asks for a backup', async () => {
  const it = await openTestFleet()
  try {
    await assert.rejects(it.operator.call(backUp, {}), { code: 'server/no-second-store' })
  } finally {
    await it[Symbol.asyncDispose]()
  }
})

/** What the restore says on its way out; empty where it succeeded. It is killed after so long. */
async function restore(from: string, to: string, killAfterMs?: number): Promise<string> {
  const words = [program, '--data', to, '--restore', from]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] })
  const said: string[] = []
  child.stderr.on('data', chunk => said.push(String(chunk)))
  const ended = once(child, 'close')
  if (killAfterMs !== undefined) {
    await Promise.race([ended, wait(killAfterMs)])
    child.kill('SIGKILL')
  }
  await ended
  return said.join('')
}

async function objectsIn(store: string): Promise<string[]> {
  const all = await readdir(join(store, 'objects'), { recursive: true, withFileTypes: true })
  return all.filter(one => one.isFile()).map(one => join(one.parentPath, one.name))
}

async function orderFor(device: TestDevice) {
  for (;;) {
    const { order } = await device.checkIn({ counter: 0 })
    if (order) return JSON.parse(Buffer.from(order.payload, 'base64').toString())
    await wait(50)
  }
}
