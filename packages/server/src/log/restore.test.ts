import assert from 'node:assert/strict'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  emptyFrontier,
  frontierHead,
  growFrontier,
  makePolicy,
  noteKeyOf,
  parseEntryBundle,
  signerFromSeed,
  signStatement,
} from '@steadfleet/authority'
import { fromUtf8 } from '@steadfleet/base'
import {
  getLogCheckpoint,
  getPolicy,
  type LogView,
  listLogShards,
  publishRole,
  putPolicy,
} from '@steadfleet/protocol'
import {
  acceptCheckpoint,
  leafHash,
  logPolicy,
  openCheckpoint,
  payloadTypes,
  reopenPolicy,
  type SignedCheckpoint,
} from '@steadfleet/trust'
import { logOf, untilLog } from '../testing/log-view.ts'
import { openTestFleet, type TestFleet } from '../testing/test-fleet.ts'
import { openTestLog, type TestLog } from '../testing/test-log.ts'
import { makeRelease, nextRole, upload } from '../testing/test-release.ts'
import { toEnvelopeView } from '../views/envelope.ts'

describe('a server that is restored from an older backup', { concurrency: false }, () => {
  let log: TestLog
  let folder: string
  before(async () => {
    log = await openTestLog(2, 2)
    folder = await mkdtemp(join(tmpdir(), 'steadfleet-restore-'))
  })
  after(async () => {
    await log[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  test('finds what it lost of the log in its second store, and goes on in one history', async () => {
    const second = join(folder, 'second')
    const it = await openTestFleet([], log, {}, ['--second-store', second])
    try {
      const lost = await loseLast(it, folder)
      const view = await logOf(it)
      assert.deepEqual([view.signed, view.published], [lost.size, lost.size])
      await publish(it, 3)
      const now = await checkpointOf(it, log)
      assert.equal(now.size, lost.size + 1)
    } finally {
      await it[Symbol.asyncDispose]()
    }
  })

  test('and has none signs no second history, and opens a shard that its owner signed', async () => {
    const other = await openTestLog(2, 2)
    const it = await openTestFleet([], other)
    try {
      await loseLast(it, folder)
      const publishing = publish(it, 3)
      publishing.catch(() => undefined)
      const view = await untilLog(it, ({ trouble }) => trouble?.code === 'log/behind')
      assert.equal(view.published, 4)
      const choice = await other.shard(`${other.origin}/2`)
      await putLog(it, choice)
      const isOpened = ({ origin, published }: LogView) => origin.endsWith('/2') && published > 0
      const opened = await untilLog(it, isOpened)
      assert.deepEqual([opened.origin, opened.trouble], [`${other.origin}/2`, null])
      const policy = logPolicy(choice, 'policy')
      const { body } = await it.anyone.open(getLogCheckpoint, {})
      const held = acceptCheckpoint(policy, undefined, {
        checkpoint: fromUtf8(await collect(body)),
        consistency: [],
      })
      assert.ok(held.size >= 4)
      await it.killAndRestart()
      await untilLog(it, isOpened)
      const shards = await it.anyone.call(listLogShards, {})
      assert.deepEqual(
        shards.map(({ shard, origin, isOpen }) => [shard, origin, isOpen]),
        [
          [1, other.origin, false],
          [2, `${other.origin}/2`, true],
        ],
      )
      for (const { shard } of shards) await readAsStranger(it.origin(), shard, other)
    } finally {
      await it[Symbol.asyncDispose]()
      await other[Symbol.asyncDispose]()
    }
  })

  test('and is killed while it opens a shard opens that one', async () => {
    const other = await openTestLog(0, 0)
    const it = await openTestFleet([], other)
    try {
      for (const shard of [2, 3, 4]) {
        const name = `${other.origin}/${shard}`
        await putLog(it, await other.shard(name))
        await it.killAndRestart()
        await untilLog(it, ({ origin, published }) => origin === name && published > 0)
      }
      const shards = await it.anyone.call(listLogShards, {})
      assert.equal(shards.at(-1)?.shard, 4)
    } finally {
      await it[Symbol.asyncDispose]()
      await other[Symbol.asyncDispose]()
    }
  })

  test('and whose second store is another log’s does not start', async () => {
    const words = ['--second-store', join(folder, 'taken')]
    const [mine, other] = [await openTestLog(0, 0), await openTestLog(0, 0)]
    const it = await openTestFleet([], mine, {}, words)
    await untilLog(it, ({ published }) => published > 0)
    await it[Symbol.asyncDispose]()
    await assert.rejects(openTestFleet([], other, {}, words), /server\/other-log/)
    for (const log of [mine, other]) await log[Symbol.asyncDispose]()
  })
})

/** Publishes twice, and loses the second with all that it changed. */
async function loseLast(it: TestFleet, folder: string): Promise<{ readonly size: number }> {
  const backup = join(folder, 'backup')
  await rm(backup, { recursive: true, force: true })
  await publish(it, 1)
  await it.killAndRestart(() => cp(it.data, backup, { recursive: true, filter: isFile }))
  await publish(it, 2)
  const size = (await logOf(it)).published
  await it.killAndRestart(async () => {
    await rm(it.data, { recursive: true, force: true, maxRetries: 5 })
    await cp(backup, it.data, { recursive: true })
  })
  return { size }
}

/** All but the signer's socket, which no backup holds. */
function isFile(path: string): boolean {
  return !path.endsWith('.sock')
}

async function publish(it: TestFleet, revision: number): Promise<void> {
  const release = await makeRelease({ revision })
  await upload(it.operator, release.bundle)
  const role = await nextRole(await it.role(), [release], it.keys.publisher, new Date())
  await it.operator.call(publishRole, { params: { role: 'acme' }, body: role })
}

/** The owner signs the next policy, which names another log. */
async function putLog(it: TestFleet, log: TestLog['choice']): Promise<void> {
  const held = reopenPolicy(await it.anyone.call(getPolicy, {}))
  const next = makePolicy({ ...held, version: held.version + 1, log }, new Date())
  const signers = it.seeds.owner.map(signerFromSeed)
  const envelope = await signStatement(payloadTypes.policy, next, signers)
  await it.operator.call(putPolicy, { body: toEnvelopeView(envelope) })
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts)
}

/** Reads a shard by plain HTTP: all its leaves make the tree that its checkpoint signs. */
async function readAsStranger(origin: string, shard: number, { seed, origin: log }: TestLog) {
  const file = async (path: string): Promise<Uint8Array> => {
    const reply = await fetch(`${origin}/v1/logs/${shard}/${path}`)
    assert.equal(reply.status, 200, path)
    return new Uint8Array(await reply.arrayBuffer())
  }
  const name = shard === 1 ? log : `${log}/${shard}`
  const key = noteKeyOf(name, 'ed25519', signerFromSeed(seed))
  const { size, root } = openCheckpoint(key, fromUtf8(await file('checkpoint')))
  const hashes = parseEntryBundle(await file(`tile/entries/000.p/${size}`)).map(leafHash)
  assert.deepEqual(frontierHead(growFrontier(emptyFrontier, hashes))?.root, root)
  const tile = await file(`tile/0/000.p/${size}`)
  assert.deepEqual(Buffer.from(tile), Buffer.concat(hashes))
}

async function checkpointOf(it: TestFleet, log: TestLog): Promise<SignedCheckpoint> {
  const { body } = await it.anyone.open(getLogCheckpoint, {})
  return openCheckpoint(log.policy.key, fromUtf8(await collect(body)))
}
