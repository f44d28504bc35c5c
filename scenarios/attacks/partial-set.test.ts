import { attack, pageOf } from './attack.ts'
import { forgeRevision, ordered, published, signOrder } from './forge.ts'
import { mount } from './mirror.ts'
import { revisions } from './prepared.ts'

attack({
  attack: 'partial set: of two releases that are ordered together only one can be had',
  code: /^trust\/not-published$/,
  without: {
    file: 'packages/trust/src/agreement.ts',
    before: 'agreed.push(await agreeOn(ordered, agreement))',
    after: 'await agreeOn(ordered, agreement).then(one => agreed.push(one), () => undefined)',
  },
  strike: async ({ device, vault }) => {
    const absent = forgeRevision(vault, 7, { package: 'bolt/page' as never })
    const both = [published(vault, revisions.next), absent]
    const releases = both.flatMap(one => ordered(device, one))
    await mount(device.proxy, { order: await signOrder(vault, device, { releases }) })
    await device.order(revisions.next)
  },
  isWon: async ({ device }) => (await device.page()) === pageOf(revisions.next),
})
