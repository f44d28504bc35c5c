import { attack } from './attack.ts'
import { heldOrder, ordered, published, signOrder } from './forge.ts'
import { mount } from './mirror.ts'
import { revisions } from './prepared.ts'

/** The counter is kept as a floor too, so it is not enough not to look: each order counts as the next. */
const replay = {
  file: 'packages/trust/src/order.ts',
  before: 'refuseReplay(address.counter, offered.counter)',
  after: 'Object.assign(offered, { counter: address.counter + 1 })',
}

attack(
  {
    attack: 'an old order: one with another revision, accepted long ago',
    code: /^trust\/replayed-order$/,
    without: replay,
    strike: async ({ device, vault }) => {
      const releases = ordered(device, published(vault, revisions.next))
      await mount(device.proxy, { order: await signOrder(vault, device, { counter: 1, releases }) })
      await device.order(revisions.afterNext)
    },
    // Taken again with each check-in, it may never come to run.
    isWon: ({ device }) => heldOrder(device).releases[0]?.revision === revisions.next,
  },
  {
    attack: 'an old empty order: from when nothing was to run yet',
    code: /^trust\/replayed-order$/,
    without: replay,
    strike: async ({ device, vault }) => {
      await mount(device.proxy, {
        order: await signOrder(vault, device, { counter: 1, releases: [] }),
      })
      await device.order(revisions.afterNext)
    },
    isWon: async ({ device }) => !(await device.page()).startsWith('revision'),
  },
)
