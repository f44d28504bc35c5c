import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { programs } from '../packages/cli/src/process/checkout.ts'
import { copyPrepared, revisions } from './attacks/prepared.ts'
import { whyNoPage } from './page.ts'
import { broken } from './proxy.ts'
import { Siege } from './siege.ts'
import { freePort } from './stage.ts'

const skip = whyNoPage()

describe('two devices on one network', { concurrency: false, skip, timeout: 240_000 }, () => {
  let siege: Siege
  let port: number

  before(async () => {
    const { directory, devices } = await copyPrepared('none')
    const program = programs.builtAgent
    siege = await Siege.resume(
      directory,
      devices.map(one => ({ ...one, program })),
    )
    port = await freePort()
    const giver = siege.device('defended')
    await giver.start({}, ['--serve-objects', `127.0.0.1:${port}`])
    await giver.order(revisions.next)
    await giver.runs(revisions.next)
  })
  after(() => siege?.close())

  const noContent = (asked: string) =>
    /\/v1\/(objects|bundles|deltas)/.test(asked) ? broken : undefined

  test('one that the server gives no content has it from the other', async () => {
    const taker = siege.device('undefended')
    taker.proxy.rule = noContent
    await taker.start({}, ['--peer', `http://127.0.0.1:${port}`])
    await taker.order(revisions.next)
    await taker.runs(revisions.next)
    assert.equal(await taker.page(), `revision ${revisions.next}\n`)
  })

  test('and from the server again, when the other is switched off, which is no security event', async () => {
    const taker = siege.device('undefended')
    await siege.device('defended').agent().stop(10_000)
    taker.proxy.rule = undefined
    await taker.order(revisions.afterNext)
    await taker.runs(revisions.afterNext)
    const told = await siege.until('what was told', ({ security }) => security)
    assert.deepEqual(
      told.filter(({ device }) => device === taker.id),
      [],
    )
  })

  test('one whose store may not hold the next release refuses it before its first byte', async () => {
    const taker = siege.device('undefended')
    await taker.agent().stop(10_000)
    const seen = taker.proxy.seen.length
    await taker.start({}, ['--store-limit', '1000'])
    await taker.order(revisions.bundled)
    const failed = await siege.until('the failure', ({ failures }) =>
      failures.find(one => one.device === taker.id),
    )
    assert.match(JSON.stringify(failed.failure), /the store may take 1000/)
    // It may have begun its next try already, which asks for the same again.
    const content = new Set(taker.proxy.seen.slice(seen).filter(asked => noContent(asked)))
    assert.ok(content.size <= 2, `more than record and listing: ${[...content]}`)
    assert.equal(await taker.page(), `revision ${revisions.afterNext}\n`)
  })
})
