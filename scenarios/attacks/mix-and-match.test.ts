import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { attack, pageOf } from './attack.ts'
import { versionOf } from './forge.ts'
import { mount } from './mirror.ts'
import { revisions } from './prepared.ts'
import { roleIn } from './vault.ts'

attack({
  attack: 'mix-and-match: the newest snapshot with a publisher’s earlier file',
  code: /^trust\/(mismatch|mix-and-match)$/,
  without: {
    file: 'packages/trust/src/targets.ts',
    before: 'const offered = accept(bytes)',
    after: `const read = parseMetadata('targets', bytes)
      refuseUnsigned(role, read, signers)
      const offered = read.signed`,
  },
  strike: async ({ device, vault }) => {
    const newest = versionOf(roleIn(vault, 'acme'))
    const earlier = readFileSync(join(vault.catalogue, `${newest - 1}.acme.json`))
    await mount(device.proxy, { files: new Map([[`${newest}.acme.json`, earlier]]) })
    await device.order(revisions.next)
  },
  isWon: async ({ device }) => (await device.page()) === pageOf(revisions.next),
})
