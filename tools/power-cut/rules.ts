import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Paths } from '../../packages/agent/src/disk/paths.ts'

/** As much of a journal's record as the rules are about. */
interface Line {
  readonly type: string
  readonly step?: string
  readonly from?: number
  readonly to?: number
}

/** What ends a change's way forward. */
const ways = ['abort', 'drop', 'found', 'end']

/**
 * Where a cut leaves an effect of which the journal knows nothing: the pointer names the new generation and
 * no step to it was begun (the engine's rule 1), or the old one again and nothing was aborted (rule 2).
 */
export function faultsOfRules(paths: Paths): string[] {
  const lines = newestLines(paths)
  const at = lines.findLastIndex(({ type }) => type === 'plan')
  const { from, to } = lines[at] ?? {}
  if (at < 0) return []
  const change = lines.slice(at)
  const pointed = Number(basename(readlinkSync(paths.current)))
  const has = (type: string) => change.some(one => one.type === type && one.step === 'activate')
  const isEnded = change.some(({ type }) => ways.includes(type))
  const isEarly = pointed === to && !has('begin')
  const isUnsaid = pointed === from && has('done') && !isEnded
  return [
    ...(isEarly ? [`generation ${to} is pointed to, and that was not begun`] : []),
    ...(isUnsaid ? [`generation ${from} is pointed to again, and nothing was aborted`] : []),
  ]
}

/** The newest segment in which there is anything, as far as it is whole. */
function newestLines({ journal }: Paths): Line[] {
  const names = readdirSync(journal).filter(name => name.endsWith('.log'))
  for (const name of names.sort().reverse()) {
    const lines = readFileSync(join(journal, name), 'utf8').split('\n').flatMap(parseLine)
    if (lines.length > 0) return lines
  }
  return []
}

/** A checksum, a space, and the record. */
function parseLine(line: string): Line[] {
  try {
    return [JSON.parse(line.slice(line.indexOf(' ') + 1))]
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}
