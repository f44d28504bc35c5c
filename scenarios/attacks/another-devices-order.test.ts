import { attack, pageOf } from './attack.ts'
import { ordered, published, signOrder } from './forge.ts'
import { mount } from './mirror.ts'
import { revisions } from './prepared.ts'

attack({
  attack: 'another device’s order: a good one, for the neighbour',
  code: /^trust\/wrong-device$/,
  without: {
    file: 'packages/trust/src/order.ts',
    before: 'if (expected === found) return',
    after: 'return',
  },
  strike: async ({ siege, device, vault }) => {
    const neighbour = device.name === 'defended' ? 'undefended' : 'defended'
    const change = {
      device: siege.device(neighbour).id,
      releases: ordered(device, published(vault, revisions.next)),
    }
    await mount(device.proxy, { order: await signOrder(vault, device, change) })
    await device.order(revisions.afterNext)
  },
  isWon: async ({ device }) => (await device.page()) === pageOf(revisions.next),
})
