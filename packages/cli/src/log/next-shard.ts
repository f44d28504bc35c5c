import { toNoteKeyText } from '@steadfleet/authority'
import { chosenLog, type LogChoice, toNoteKey } from '@steadfleet/trust'
import { CliError } from '../error.ts'

/** A log under its next name, `ORIGIN/2`, `ORIGIN/3` …, with the same key and witnesses. docs/formats/log.md */
export function nextShard(chosen: LogChoice): LogChoice & { readonly key: string } {
  const log = chosenLog(chosen)
  if (!log) throw new CliError('cli/refused', 'cannot open a shard: the owner chose no log')
  const [, base = log.key.name, shard = '1'] = /^(.+\/.+)\/([0-9]{1,4})$/.exec(log.key.name) ?? []
  const key = toNoteKey(`${base}/${Number(shard) + 1}`, log.key.type, log.key.raw)
  return { ...chosen, key: toNoteKeyText(key) }
}
