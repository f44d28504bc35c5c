import { after, before, describe, test } from 'node:test'
import { whyNoPage } from '../page.ts'
import { hanging } from '../proxy.ts'
import { Siege } from '../siege.ts'
import { surviveKills } from './kill.ts'

const kills = 60

let siege: Siege

describe('for longer', { concurrency: 3, skip: whyNoPage() }, () => {
  before(async () => {
    siege = await Siege.open(['killed', 'restarted', 'deserted'])
    await siege.publishPage(2, { files: { noise: Buffer.alloc(200_000, 'noise 2') } })
  })
  after(() => siege?.close())

  for (const name of ['killed', 'restarted']) {
    test(`a device that is ${name} ${kills} times is in the old or the new generation each time`, async () => {
      await surviveKills(siege, siege.device(name), {
        kills,
        withApps: name === 'restarted',
        revisions: [2, 1],
      })
    })
  }

  test('a stream whose other end is gone without a word is found out and opened anew', async () => {
    const device = siege.device('deserted')
    device.proxy.rule = asked => (asked.endsWith('/events') ? hanging : undefined)
    await device.agent().stop(10_000)
    await device.start()
    await siege.until(
      'the silent stream',
      () => device.proxy.seen.at(-1)?.endsWith('/events') || undefined,
    )
    device.proxy.rule = undefined
    await device.order(2)
    await siege.until(
      'the new stream',
      () =>
        device.proxy.seen.some(
          (asked, i, all) =>
            asked.endsWith('/check-in') &&
            all.slice(0, i).filter(one => one.endsWith('/events')).length > 1,
        ) || undefined,
      180,
    )
    await device.runs(2)
  })
})
