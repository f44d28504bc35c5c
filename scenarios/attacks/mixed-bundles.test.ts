import { readFileSync } from 'node:fs'
import { digestOf, toUtf8 } from '../../packages/base/src/index.ts'
import { attack, pageOf } from './attack.ts'
import { mount } from './mirror.ts'
import { revisions } from './prepared.ts'
import { objectPath } from './vault.ts'

const mine = digestOf(toUtf8(pageOf(revisions.next)))
const neighbours = digestOf(toUtf8(pageOf(revisions.afterNext)))

attack({
  attack: 'mixed bundles between two devices: in place of its own content, the neighbour’s',
  code: /^agent\/digest$/,
  without: {
    file: 'packages/agent/src/store/download.ts',
    before: 'if (actual === digest && found === length) return',
    after: 'if (found === length) return',
  },
  strike: async ({ device, vault }) => {
    const objects = new Map([[mine, readFileSync(objectPath(vault, neighbours))]])
    await mount(device.proxy, { objects })
    await device.order(revisions.next)
  },
  isWon: async ({ device }) => (await device.page()) === pageOf(revisions.afterNext),
})
