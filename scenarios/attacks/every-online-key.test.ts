import { attack } from './attack.ts'
import { takenVersion } from './forge.ts'
import { replaceOnlineKeys, signRoot, withKeys } from './recover.ts'
import { delegateTo, forgedRuns, strike, thief } from './thief.ts'

const code = /^trust\/threshold$/

attack(
  {
    attack: 'every online key and file: a publisher’s role by who is not the publisher',
    code,
    without: {
      file: 'packages/trust/src/targets.ts',
      before: 'refuseUnsigned(role, offered, signers)',
      after: '',
    },
    strike,
    isWon: forgedRuns,
    recover: ({ vault }) => replaceOnlineKeys(vault),
  },
  {
    attack: 'every online key and file: a root of the thief’s own',
    code,
    without: {
      file: 'packages/trust/src/root.ts',
      before: "refuseUnsigned(what, offered, topRole(held, 'root'))",
      after: '',
    },
    strike: async scene => {
      const { vault } = scene
      const own = await signRoot(
        vault,
        root => withKeys(withKeys(root, 'root', [thief], 1), 'targets', [thief], 1),
        [thief],
      )
      await strike(scene, { files: own, targets: await delegateTo(vault, thief.key, [thief]) })
    },
    isWon: ({ device }) => takenVersion(device, 'root') === 3,
    recover: ({ vault }) => replaceOnlineKeys(vault),
  },
)
