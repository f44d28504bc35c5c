import { attack } from './attack.ts'
import { strikeWithLog, tellsBothNotes } from './false-log.ts'
import { replaceLoggedKeys } from './recover.ts'
import { forgedRuns } from './thief.ts'

/** Fewer leaves than a device has seen. */
const shorter = 1

attack({
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
  tells: tellsBothNotes,
  recover: replaceLoggedKeys,
})
