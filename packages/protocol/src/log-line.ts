import { chosenLog, type LogChoice } from '@steadfleet/trust'

/** What counts as the log, in a few words: shown wherever a device is. */
export function toLogLine(chosen: LogChoice): string {
  const log = chosenLog(chosen)
  if (log === undefined) return 'none'
  const { key, witnesses, quorum } = log
  const witnessed = quorum === 0 ? 'no witness' : `${quorum} of ${witnesses.length} witnesses`
  return `${key.name}, ${witnessed}`
}
