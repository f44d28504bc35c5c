import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { whyNoPage } from '../page.ts'
import { broken, cutAfter, hanging, type Rule, stalledAfter } from '../proxy.ts'
import { type Besieged, Siege } from '../siege.ts'

const all =
  (deed: NonNullable<ReturnType<Rule>>): Rule =>
  () =>
    deed
const bodies =
  (deed: NonNullable<ReturnType<Rule>>): Rule =>
  asked =>
    /objects|bundles/.test(asked) ? deed : undefined

/** A server that is not well: what is done to each request, and how to see that it was tried. */
const faults: readonly [name: string, what: string, rule: Rule][] = [
  ['broken', 'answers 500', all(broken)],
  ['hanging', 'never answers', all(hanging)],
  ['half-open', 'falls silent in the middle of a body', bodies(stalledAfter(1000))],
  ['cutting', 'cuts each body short', bodies(cutAfter(1000))],
]

let siege: Siege

describe('between a device and its server', { concurrency: 20, skip: whyNoPage() }, () => {
  before(async () => {
    siege = await Siege.open([...faults.map(([name]) => name), 'unreachable'])
    // Large enough for each fault to meet the middle of something.
    await siege.publishPage(2, { files: { noise: Buffer.alloc(200_000, 'noise 2') } })
  })
  after(() => siege?.close())

  for (const [name, what, rule] of faults) {
    test(`a server that ${what} changes nothing, and is followed again once it is well`, async () => {
      const device = siege.device(name)
      device.proxy.rule = rule
      const before = device.proxy.seen.length
      await device.order(2)
      await siege.until('a try', () => device.proxy.seen.length > before || undefined)
      await siege.until(
        'a complaint',
        () => /"level":"(warn|info)".*"cannot/.test(device.log()) || undefined,
      )
      await refuseChange(device)
      device.proxy.rule = undefined
      await device.runs(2)
    })
  }

  test('a server that can’t be reached changes nothing, not over a restart either', async () => {
    const device = siege.device('unreachable')
    device.proxy.shut()
    await device.order(2)
    await siege.until('its absence', () => device.log().includes('agent/unreachable') || undefined)
    await device.agent().stop(10_000)
    await device.start()
    assert.equal(await device.page(), 'revision 1\n')
    await device.proxy.open()
    await device.runs(2)
  })
})

async function refuseChange(device: Besieged): Promise<void> {
  assert.equal(await device.page(), 'revision 1\n')
  assert.equal((await device.view()).releases[0]?.revision, 1)
}
