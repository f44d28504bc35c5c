import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { whyNoPage } from '../page.ts'
import type { Siege } from '../siege.ts'
import { attack, describeRow, pageOf, type Scene } from './attack.ts'
import { heldOrder, signOrder } from './forge.ts'
import { mount } from './mirror.ts'
import { revisions } from './prepared.ts'
import { steadfleetAll } from './steadfleet.ts'

const day = 86_400_000
const tenYears = 3650

attack({
  attack:
    'the clock of a device set ten years ahead: nothing is fresh by then, so nothing new comes in',
  code: /^trust\/expired$/,
  without: {
    file: 'packages/trust/src/refusal.ts',
    before: 'if (expires > now) return',
    after: 'return',
  },
  daysLater: 0,
  before: ({ clock }) => clock.set(`+${tenYears}d`),
  strike: ({ device }) => device.order(revisions.next),
  isWon: async ({ device }) => (await device.page()) === pageOf(revisions.next),
  // No floor was raised by a clock that nobody signed.
  recover: async ({ clock }) => clock.set('+0d'),
})

/**
 * The time that counts is the last that a director signed; timestamp and snapshot keys sign none. So
 * who stole the director can have his victims find all expired, but for no longer than he is director.
 */
describe('a signed time', { skip: whyNoPage() }, () => {
  describeRow(
    'ten years ahead, by who has the director’s key',
    {
      without: {
        file: 'packages/agent/src/trust/trust-state.ts',
        before: 'return root ? ',
        after: 'return root === null ? ',
      },
    },
    {
      'holds up what is new, is told, and is over with a new director': async scene => {
        const { device } = scene
        await lookAhead(scene)
        assert.equal(await device.page(), pageOf(revisions.held))
        await directorReplaced(scene.siege)
        await device.runs(revisions.next)
      },
      'outlasts the director without its defence': async scene => {
        const { siege, device } = scene
        await lookAhead(scene)
        await directorReplaced(siege)
        await siege.device('defended').runs(revisions.next)
        const isNext = async () => (await device.page()) === pageOf(revisions.next) || undefined
        await assert.rejects(siege.until('the next page', isNext, 5), /cannot see/)
        assert.equal(await device.page(), pageOf(revisions.held))
      },
    },
  )
})

/** The device takes an order of a time to come; by then the next honest one has expired. */
async function lookAhead({ siege, device, vault }: Scene): Promise<void> {
  const issued = new Date(Date.now() + tenYears * day)
  const expires = new Date(issued.getTime() + day)
  const order = await signOrder(vault, device, { issued, expires })
  const { counter } = heldOrder(device)
  await mount(device.proxy, { order })
  await device.order(revisions.next)
  const isTaken = () => heldOrder(device).counter > counter || undefined
  await siege.until('the order of a time to come', isTaken)
  device.proxy.rule = undefined
  await device.order(revisions.afterNext)
  await device.order(revisions.next)
  await device.refusal(/^trust\/expired$/)
}

const replacing = new WeakMap<Siege, Promise<void>>()

/** As docs/runbooks/director-stolen.md says, once both devices were deceived. */
function directorReplaced(siege: Siege): Promise<void> {
  const replaced = replacing.get(siege) ?? act()
  replacing.set(siege, replaced)
  return replaced

  async function act(): Promise<void> {
    const both = ['defended', 'undefended'].map(name => siege.device(name))
    await Promise.all(both.map(one => one.refusal(/^trust\/expired$/)))
    await steadfleetAll(siege.fleet.home, [
      'owner begin --rotate director --out director.draft',
      'owner sign director.draft --key owner-1 --key owner-2',
      'owner apply director.draft',
    ])
  }
}
