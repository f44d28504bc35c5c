import { attack } from './attack.ts'
import { replaceLoggedKeys } from './recover.ts'
import { forgedRuns, strike } from './thief.ts'

attack({
  attack:
    'publisher key stolen, with every online key but the log’s: only its victims see the release',
  code: /^trust\/not-logged$/,
  without: {
    file: 'packages/agent/src/trust/log-check.ts',
    before: 'if (log === undefined) return',
    after: 'return',
  },
  log: 'own',
  strike: scene => strike(scene, { acme: scene.vault.offline.acme }),
  isWon: forgedRuns,
  recover: replaceLoggedKeys,
})
