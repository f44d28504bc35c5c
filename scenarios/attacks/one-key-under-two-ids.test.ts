import type { Signer } from '../../packages/authority/src/index.ts'
import { keyIdOf } from '../../packages/trust/src/index.ts'
import { attack } from './attack.ts'
import { replaceOnlineKeys, serve, signRoot, withKeys } from './recover.ts'
import { delegateTo, forgedRuns, strike, thief } from './thief.ts'

attack({
  attack: 'one public key listed under two ids, where two must sign',
  code: /^trust\/threshold$/,
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
})

/** The same key with a member of its own, and so another id. */
function twinOf({ key, sign }: Signer): Signer {
  const twin = { ...key, note: 'the same again' }
  return { key: twin, keyid: keyIdOf(twin), sign }
}
