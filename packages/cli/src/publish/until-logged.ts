import { setTimeout as wait } from 'node:timers/promises'
import type { Digest } from '@steadfleet/base'
import { getLog, type LogView, listReleases } from '@steadfleet/protocol'
import { CliError } from '../error.ts'
import type { Fleet } from '../fleet/open.ts'

const askMs = 1000
const patienceMs = 10 * 60_000

/**
 * Waits until releases that are in the catalogue are in the log too, and says what it waits for. A witness
 * that is away is asked again by the server, also when nobody waits here any more.
 */
export async function untilLogged(
  { client }: Pick<Fleet, 'client'>,
  releases: readonly Digest[],
  say: (line: string) => void,
): Promise<void> {
  let last = ''
  for (let waited = 0; waited < patienceMs; waited += askMs) {
    const shown = await client.call(listReleases, { query: {} })
    if (releases.every(digest => shown.some(({ record }) => record.digest === digest))) return
    last = lineOf(await client.call(getLog, {}))
    say(last)
    await wait(askMs)
  }
  const hint = 'it is shown as soon as the witnesses cosign; steadfleet log show says which do not'
  throw new CliError('cli/timeout', `cannot wait longer: ${last}`, { hint })
}

function lineOf({ published, signed, quorum, witnesses }: LogView): string {
  const away = witnesses.filter(({ trouble }) => trouble !== null).map(({ name }) => name)
  const without = away.length === 0 ? '' : `; no answer from ${away.join(', ')}`
  return `the log waits for ${quorum} witnesses: ${published} of ${signed} entries are published${without}`
}
