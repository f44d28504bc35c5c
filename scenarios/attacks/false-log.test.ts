import { attack, type Row, type Scene } from './attack.ts'
import { falseLog } from './false-log.ts'
import { replaceOnlineKeys } from './recover.ts'
import { forgedRuns, strike } from './thief.ts'

/** The thief has acme's key and every online one, the log's too. */
function strikeWithLog(size: number): Row['strike'] {
  return (scene: Scene) => {
    const { acme } = scene.vault.offline
    return strike(scene, { acme, rule: forged => falseLog(scene, forged, size) })
  }
}

/** More leaves than the honest log has by far, and fewer than a device has seen. */
const [longer, shorter] = [100, 1]

attack(
  {
    attack: 'log forked without witnesses: a longer one, in which the release is',
    code: /^trust\/log-fork$/,
    without: {
      file: 'packages/trust/src/log-accept.ts',
      before: 'if (isConsistent(older, newer, proof)) return',
      after: 'return',
    },
    log: 'own',
    strike: strikeWithLog(longer),
    isWon: forgedRuns,
    recover: ({ vault }) => replaceOnlineKeys(vault),
  },
  {
    attack: 'log rolled back: one that is shorter than what was seen of it',
    code: /^trust\/log-rollback$/,
    without: {
      file: 'packages/trust/src/log-accept.ts',
      before: 'if (isOlder && proof.length === 0) {',
      after: 'if (isOlder && proof.length === 0) return\n  if (isOlder && proof.length === 0) {',
    },
    log: 'own',
    strike: strikeWithLog(shorter),
    isWon: forgedRuns,
    recover: ({ vault }) => replaceOnlineKeys(vault),
  },
)
