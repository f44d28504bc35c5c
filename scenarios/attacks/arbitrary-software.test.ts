import { digestOf, toUtf8 } from '../../packages/base/src/index.ts'
import { attack } from './attack.ts'
import { mount } from './mirror.ts'
import { readBeforeStart } from './mutant.ts'
import { revisions } from './prepared.ts'

attack({
  attack: 'arbitrary software: another file is given in place of the one that was signed',
  code: /^agent\/digest$/,
  without: {
    file: 'packages/agent/src/store/download.ts',
    before: 'if (actual === digest && found === length) return',
    after: 'if (found === length) return',
  },
  nor: readBeforeStart,
  strike: async ({ device }) => {
    const signed = digestOf(toUtf8(`revision ${revisions.next}\n`))
    await mount(device.proxy, { objects: new Map([[signed, toUtf8('revision 9\n')]]) })
    await device.order(revisions.next)
  },
  isWon: async ({ device }) => (await device.page()) === 'revision 9\n',
})
