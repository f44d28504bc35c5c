import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { digestOf, toUtf8 } from '../../packages/base/src/index.ts'
import { whyNoPage } from '../page.ts'
import { hanging } from '../proxy.ts'
import { describeRow, pageOf, type Scene } from './attack.ts'
import { revisions } from './prepared.ts'

const lastOfIt = new RegExp(`/objects/${digestOf(toUtf8(pageOf(revisions.next)))}$`)

/** What was verified and sealed while it was fresh is finished, however old it is by then. */
describe('what would be an attack on a careless device', { skip: whyNoPage() }, () => {
  describeRow(
    'metadata that expires between verification and activation',
    {
      daysLater: 0,
      without: {
        file: 'packages/agent/src/change/follow-order.ts',
        before: 'await run(follower)\n    return order',
        after:
          'if (order) await follower.resolve(order)\n    await run(follower)\n    return order',
      },
    },
    {
      'is finished from the sealed decision': async scene => {
        await sleepThroughExpiry(scene)
        await scene.device.serves(revisions.next)
        await scene.device.refusal(/^trust\/expired$/)
        scene.clock.set('+0d')
        await scene.device.order(revisions.afterNext)
        await scene.device.runs(revisions.afterNext)
      },
      'is stuck for a device that verifies again': async scene => {
        await sleepThroughExpiry(scene)
        await scene.device.refusal(/^trust\/expired$/)
        const isNext = async () =>
          (await scene.device.page()) === pageOf(revisions.next) || undefined
        await assert.rejects(scene.siege.until('the next page', isNext, 10), /cannot see/)
        assert.equal(await scene.device.page(), pageOf(revisions.held))
      },
    },
  )
})

/** All but one object has come when the power fails; it is back after every role online has expired. */
async function sleepThroughExpiry({ siege, device, clock }: Scene): Promise<void> {
  const { proxy } = device
  proxy.rule = asked => (lastOfIt.test(asked) ? hanging : undefined)
  await device.order(revisions.next)
  await siege.until(
    'the last object asked for',
    () => proxy.seen.some(one => lastOfIt.test(one)) || undefined,
  )
  device.agent().signal('SIGKILL')
  await device.agent().stop(10_000)
  proxy.rule = undefined
  clock.set('+10d')
  await device.start(clock.environment)
}
