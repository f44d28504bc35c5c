import { fromHex } from '../../packages/base/src/index.ts'
import { ed25519Key, keyIdOf } from '../../packages/trust/src/index.ts'
import { attack, type Row } from './attack.ts'
import { replaceOnlineKeys } from './recover.ts'
import { delegateTo, forgedRuns, strike } from './thief.ts'

/** The neutral element, and the same point spelled as y = p + 1. */
const keys = {
  'of small order': `01${'00'.repeat(31)}`,
  'not in its canonical form': `ee${'ff'.repeat(30)}7f`,
}

/** It stands under everything for the neutral element: R is that one too, and S is zero. */
const signature = fromHex(`01${'00'.repeat(63)}`)

/** The owners of targets were tricked into naming such a key; no secret belongs to it. */
function weakKey([what, raw]: [string, string]): Row {
  const key = ed25519Key(fromHex(raw))
  return {
    attack: `a publisher’s key ${what}, by which anyone signs`,
    code: /^trust\/(threshold|weak-key)$/,
    without: {
      file: 'packages/trust/src/ed25519.ts',
      before: 'if (weaknessOf(raw) !== undefined) return undefined',
      after: '',
    },
    strike: async scene => {
      const targets = await delegateTo(scene.vault, key, scene.vault.offline.targets.slice(0, 2))
      await strike(scene, {
        targets,
        acme: { key, keyid: keyIdOf(key), sign: async () => signature },
      })
    },
    isWon: forgedRuns,
    recover: ({ vault }) => replaceOnlineKeys(vault),
  }
}

attack(...Object.entries(keys).map(weakKey))
