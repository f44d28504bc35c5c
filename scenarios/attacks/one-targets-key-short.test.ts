import { attack } from './attack.ts'
import { noThreshold, replaceOnlineKeys } from './recover.ts'
import { delegateTo, forgedRuns, strike, thief } from './thief.ts'

attack({
  attack: 'one targets key short of the threshold, with every online key',
  code: /^trust\/threshold$/,
  without: noThreshold,
  strike: async scene => {
    const one = scene.vault.offline.targets.slice(0, 1)
    await strike(scene, { targets: await delegateTo(scene.vault, thief.key, one) })
  },
  isWon: forgedRuns,
  recover: ({ vault }) => replaceOnlineKeys(vault),
})
