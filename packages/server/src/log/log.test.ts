import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { parseEntryBundle, releaseTarget } from '@steadfleet/authority'
import { digestOf, fromUtf8, toHex } from '@steadfleet/base'
import {
  getLog,
  getLogCheckpoint,
  getLogProof,
  getLogTile,
  listReleases,
  publishRole,
} from '@steadfleet/protocol'
import {
  acceptCheckpoint,
  acceptLogged,
  type LogLeaf,
  leafHash,
  parseLogProof,
  type SignedCheckpoint,
  toLeaf,
} from '@steadfleet/trust'
import { logOf, untilLog } from '../testing/log-view.ts'
import { follow, moveStable, openTestFleet, type TestFleet } from '../testing/test-fleet.ts'
import { openTestLog, type TestLog } from '../testing/test-log.ts'
import { makeRelease, nextRole, type TestRelease, upload } from '../testing/test-release.ts'

describe('a log with two witnesses, both of whom are wanted', { concurrency: false }, () => {
  let log: TestLog
  let it: TestFleet
  let held: SignedCheckpoint
  before(async () => {
    log = await openTestLog(2, 2)
    it = await openTestFleet([], log)
  })
  after(async () => {
    await it[Symbol.asyncDispose]()
    await log[Symbol.asyncDispose]()
  })

  test('holds what init signed as soon as the server has started', async () => {
    await untilLog(it, ({ published }) => published > 0)
    const leaves = await leavesOf(it)
    assert.deepEqual(
      leaves.map(leaf => (leaf.type === 'release' ? leaf.path : leaf.type)),
      ['owner', 'root', 'acme/box/1/all'],
    )
    assert.equal(
      leaves[0]?.digest,
      digestOf(readFileSync(join(it.data, 'owner/1.owner-root.json'))),
    )
    held = acceptCheckpoint(log.policy, undefined, { ...(await checkpointOf(it)), consistency: [] })
    assert.equal(held.size, 3)
  })

  test('proves a release that was published, to who saw the log smaller', async () => {
    const release = await it.publish({ revision: 1 })
    const proof = parseLogProof(await proofOf(it, release, held.size))
    held = acceptLogged(log.policy, held, proof, await leafOf(it, release))
    assert.deepEqual([held.size, proof.index], [4, 3])
  })

  test('of a release that it lacks proves nothing', async () => {
    const other = await makeRelease({ revision: 77 })
    await assert.rejects(proofOf(it, other, 0), { code: 'log/unknown-leaf' })
  })

  test('to who claims to have seen more shows no way there', async () => {
    const proof = parseLogProof(await proofOf(it, await makeRelease({ revision: 1 }), 1_000))
    assert.deepEqual(proof.consistency, [])
  })

  for (const path of ['../next', 'entries/../../next', '0/000.p/9999', '64/000', '0/1']) {
    test(`has no file ${path} for readers`, async () => {
      const reply = await fetch(`${it.origin()}/v1/log/tile/${path.replaceAll('/', '%2F')}`)
      assert.ok(reply.status === 400 || reply.status === 404, `${reply.status}`)
    })
  }

  test('waits while a witness is away, says so, and goes on by itself', async () => {
    await log.witnesses[1]!.end()
    const release = await makeRelease({ revision: 2 })
    await upload(it.operator, release.bundle)
    const role = await nextRole(await it.role(), [release], it.keys.publisher, new Date())
    const publishing = it.operator.call(publishRole, { params: { role: 'acme' }, body: role })
    const waiting = await untilLog(it, ({ trouble }) => trouble !== null)
    assert.equal(waiting.trouble?.code, 'log/waiting')
    assert.deepEqual([waiting.signed, waiting.published], [5, 4])
    assert.equal(waiting.witnesses[1]?.trouble?.code, 'log/witness')
    assert.deepEqual(await revisions(it), [1])
    await assert.rejects(moveStable(it.operator, 2), { code: 'release/not-logged' })
    await log.witnesses[1]!.start()
    const { published } = await publishing
    assert.deepEqual(published, ['acme/greenhouse/2/amd64'])
    assert.deepEqual(await revisions(it), [2, 1])
    await follow(it.operator)
    assert.equal((await moveStable(it.operator, 2)).rollouts.length, 1)
    const proof = parseLogProof(await proofOf(it, release, held.size))
    held = acceptLogged(log.policy, held, proof, await leafOf(it, release))
  })

  test('is told by a witness that it cosigned more than is remembered, and goes on from there', async () => {
    // One is away while the other cosigns: after the restart both are believed to stand at one size.
    await log.witnesses[1]!.end()
    const release = await makeRelease({ revision: 3 })
    await upload(it.operator, release.bundle)
    const role = await nextRole(await it.role(), [release], it.keys.publisher, new Date())
    const publishing = it.operator.call(publishRole, { params: { role: 'acme' }, body: role })
    publishing.catch(() => undefined)
    await untilLog(it, ({ witnesses }) => witnesses[0]?.size === 6)
    await it.killAndRestart()
    assert.equal((await logOf(it)).published, 5)
    await log.witnesses[1]!.start()
    await untilListed(it, 3)
    assert.equal((await logOf(it)).published, 6)
  })

  test('never forks and forgets nothing acknowledged, however often it is killed', async () => {
    const acknowledged: TestRelease[] = []
    const rounds = 6
    for (let round = 0; round < rounds; round++) {
      const revision = 100 + round
      const release = await makeRelease({ revision })
      await upload(it.operator, release.bundle)
      const role = await nextRole(await it.role(), [release], it.keys.publisher, new Date())
      const publishing = it.operator
        .call(publishRole, { params: { role: 'acme' }, body: role })
        .then(() => acknowledged.push(release))
        .catch(() => undefined)
      // Over the rounds the kill falls before, between and, in the last, after all writes.
      await (round < rounds - 1 ? Promise.race([publishing, wait(round * 14)]) : publishing)
      await it.killAndRestart()
      await publishing
      const isInForce = fromUtf8(await it.role()).includes(`acme/greenhouse/${revision}/`)
      if (isInForce) await untilListed(it, revision)
      const proof = parseLogProof(await proofOf(it, await makeRelease({ revision: 1 }), held.size))
      held = acceptCheckpoint(log.policy, held, proof)
    }
    for (const release of acknowledged) {
      const proof = parseLogProof(await proofOf(it, release, held.size))
      held = acceptLogged(log.policy, held, proof, await leafOf(it, release))
    }
    const paths = (await leavesOf(it)).map(leaf => fromUtf8(toLeaf(leaf)))
    assert.equal(new Set(paths).size, paths.length)
    assert.ok(acknowledged.length > 0)
  })
})

test('a server without a log shows a release at once, and says that it keeps none', async () => {
  const it = await openTestFleet()
  try {
    await it.publish({ revision: 1 })
    assert.deepEqual(await revisions(it), [1])
    await assert.rejects(it.operator.call(getLog, {}), { code: 'log/none' })
  } finally {
    await it[Symbol.asyncDispose]()
  }
})

async function untilListed(it: TestFleet, revision: number): Promise<void> {
  while (!(await revisions(it)).includes(revision)) await wait(20)
}

async function revisions(it: TestFleet): Promise<number[]> {
  return (await it.operator.call(listReleases, { query: {} })).map(({ revision }) => revision)
}

async function leafOf(it: TestFleet, { record, recordBytes }: TestRelease): Promise<Uint8Array> {
  const root = readFileSync(join(it.data, 'catalogue/1.root.json'))
  const { path } = releaseTarget(record, recordBytes)
  const digest = digestOf(recordBytes)
  const { length } = recordBytes
  const named = path as Extract<LogLeaf, { type: 'release' }>['path']
  return toLeaf({ type: 'release', catalogue: digestOf(root), path: named, digest, length })
}

async function proofOf(it: TestFleet, release: TestRelease, held: number): Promise<string> {
  const leaf = toHex(leafHash(await leafOf(it, release)))
  const { body } = await it.anyone.open(getLogProof, { params: { leaf }, query: { held } })
  return fromUtf8(await collect(body))
}

async function checkpointOf(it: TestFleet): Promise<{ checkpoint: string }> {
  const { body } = await it.anyone.open(getLogCheckpoint, {})
  return { checkpoint: fromUtf8(await collect(body)) }
}

/** The leaves as a monitor reads them, from the static files. */
async function leavesOf(it: TestFleet): Promise<LogLeaf[]> {
  const size = Number((await checkpointOf(it)).checkpoint.split('\n')[1])
  const path = `entries/000.p/${size}`
  const { body } = await it.anyone.open(getLogTile, { params: { path } })
  return parseEntryBundle(await collect(body)).map(entry => JSON.parse(fromUtf8(entry)))
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts)
}
