import { attack } from './attack.ts'
import { strikeWithLog, tellsBothNotes } from './false-log.ts'
import { replaceLoggedKeys } from './recover.ts'
import { forgedRuns } from './thief.ts'

/** More leaves than the honest log has by far. */
const longer = 100

attack({
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
  tells: tellsBothNotes,
  recover: replaceLoggedKeys,
})
