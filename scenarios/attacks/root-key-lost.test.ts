import { attack } from './attack.ts'
import { takenVersion } from './forge.ts'
import { mount } from './mirror.ts'
import { revisions } from './prepared.ts'
import { noThreshold, serve, signRoot, strangerKey, withKeys } from './recover.ts'

attack({
  attack: 'loss of one root key: its finder signs a root; the other two replace it',
  code: /^trust\/threshold$/,
  without: noThreshold,
  strike: async ({ device, vault }) => {
    const lost = vault.offline.root.slice(0, 1)
    const files = await signRoot(vault, root => root, lost)
    await mount(device.proxy, { files })
    await device.order(revisions.next)
  },
  isWon: ({ device }) => takenVersion(device, 'root') === 3,
  recover: async ({ vault }) => {
    const [, ...left] = vault.offline.root
    const keys = [...left, strangerKey('new root')]
    serve(vault, await signRoot(vault, root => withKeys(root, 'root', keys), left))
  },
})
