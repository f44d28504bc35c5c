import type { Signer } from '../../packages/authority/src/index.ts'
import { keyIdOf } from '../../packages/trust/src/index.ts'
import { attack } from './attack.ts'
import { takenVersion } from './forge.ts'
import { mount } from './mirror.ts'
import { revisions } from './prepared.ts'
import { replaceOnlineKeys, serve, signRoot, strangerKey, withKeys } from './recover.ts'
import { delegateTo, forgedRuns, strike, thief } from './thief.ts'

const code = /^trust\/threshold$/

attack(
  {
    attack: 'one targets key short of the threshold, with every online key',
    code,
    without: {
      file: 'packages/trust/src/key.ts',
      before: 'if (signers.size >= role.threshold && role.threshold >= 1) return',
      after: 'if (signers.size >= 1) return',
    },
    strike: async scene => {
      const [one] = scene.vault.offline.targets
      const targets = await delegateTo(scene.vault, thief.key, one ? [one] : [])
      await strike(scene, { targets })
    },
    isWon: forgedRuns,
    recover: ({ vault }) => replaceOnlineKeys(vault),
  },
  {
    attack: 'loss of one root key: its finder signs a root; the other two replace it',
    code,
    without: {
      file: 'packages/trust/src/key.ts',
      before: 'if (signers.size >= role.threshold && role.threshold >= 1) return',
      after: 'if (signers.size >= 1) return',
    },
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
  },
  {
    attack: 'one public key listed under two ids, where two must sign',
    code,
    without: {
      file: 'packages/trust/src/key.ts',
      before: 'signers.add(key.identity)',
      after: 'signers.add(keyid)',
    },
    strike: async scene => {
      const { vault } = scene
      const [one = thief] = vault.offline.targets
      const twin = twinOf(one)
      const files = await signRoot(vault, root => withKeys(root, 'targets', [one, twin]))
      const targets = await delegateTo(vault, thief.key, [one, twin])
      await strike(scene, { files, targets })
    },
    isWon: forgedRuns,
    // The mistake was the owner's: the device holds that root, and the next one mends it.
    recover: async ({ vault }) => {
      const [one = thief] = vault.offline.targets
      serve(vault, await signRoot(vault, root => withKeys(root, 'targets', [one, twinOf(one)])))
      serve(vault, await signRoot(vault, root => withKeys(root, 'targets', vault.offline.targets)))
      await replaceOnlineKeys(vault)
    },
  },
)

/** The same key with a member of its own, and so another id. */
function twinOf({ key, sign }: Signer): Signer {
  const twin = { ...key, note: 'the same again' }
  return { key: twin, keyid: keyIdOf(twin), sign }
}
