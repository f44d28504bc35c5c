import { attack, pageOf } from './attack.ts'
import { ordered, published, signOrder } from './forge.ts'
import { mount } from './mirror.ts'
import { revisions } from './prepared.ts'

attack({
  attack: 'rollback of a release below its floor, by who has the director’s key',
  code: /^trust\/below-floor$/,
  without: {
    file: 'packages/trust/src/agreement.ts',
    before: 'if (revision >= floor) return',
    after: 'return',
  },
  strike: async ({ device, vault }) => {
    const releases = ordered(device, published(vault, revisions.old))
    await mount(device.proxy, { order: await signOrder(vault, device, { releases }) })
    await device.order(revisions.next)
  },
  isWon: async ({ device }) => (await device.page()) === pageOf(revisions.old),
})
