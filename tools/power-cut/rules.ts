import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dataPath, type Paths } from '../../packages/agent/src/disk/paths.ts'
import { keptGeneration, pointedNumber } from './inspect.ts'

/** As much of a journal's record as the rules are about. */
interface Line {
  readonly type: string
  readonly step?: string
  readonly from?: number
  readonly to?: number
  readonly outcome?: string
  readonly verdict?: { readonly verdict: string }
  readonly probation?: { readonly packages: readonly Watched[] }
}

/** What was seen of a package on trial. */
interface Watched {
  readonly package: string
  readonly readyAt: number | null
  readonly failing: number
}

/** A change as its journal tells it: the lines from its plan on, and where the pointer stands. */
interface Told {
  readonly lines: readonly Line[]
  readonly from: number
  readonly to: number
  readonly pointed: number
}

/** What ends a change's way forward. */
const ways = ['abort', 'drop', 'found', 'end']

/**
 * Where a cut leaves an effect of which the journal knows nothing, or a journal that tells of what the engine's
 * rules 1 to 5 forbid. It is read as it lies there, before any agent starts.
 */
export function faultsOfRules(paths: Paths): string[] {
  const all = newestLines(paths)
  const lines = all.slice(all.findLastIndex(({ type }) => type === 'plan'))
  const { type, from, to } = lines[0] ?? {}
  if (type !== 'plan' || from === undefined || to === undefined) return []
  const told = { lines, from, to, pointed: pointedNumber(paths) }
  return rules.flatMap(faultsOf => faultsOf(told, paths))
}

const rules: readonly ((told: Told, paths: Paths) => string[])[] = [
  // Rule 1: the pointer names the new generation, and no step to it was begun.
  ({ lines, to, pointed }) =>
    pointed === to && !hasStep(lines, 'begin', 'activate')
      ? [`generation ${to} is pointed to, and that was not begun`]
      : [],
  // Rule 2: it names the old one again, and nothing was aborted, nor was it the rescuer.
  ({ lines, from, to, pointed }, paths) =>
    pointed === from &&
    hasStep(lines, 'done', 'activate') &&
    !lines.some(isWayBack) &&
    !isRescued(paths, from, to)
      ? [`generation ${from} is pointed to again, and nothing was aborted`]
      : [],
  // Rule 3: it is over, and a step that was begun was not undone.
  ({ lines }) => {
    const isBack = lines.some(one => one.outcome === 'restored' || one.outcome === 'aborted')
    const begun = lines.filter(one => one.type === 'begin')
    const left = begun.filter(({ step = '' }) => !hasStep(lines, 'undone', step))
    return isBack ? left.map(({ step }) => `${step} was begun, and not undone`) : []
  },
  // Rule 4: it is not committed, and of what ran before it something is gone.
  ({ lines, from }, paths) =>
    from === 0 || lines.some(({ type }) => type === 'commit' || type === 'found')
      ? []
      : goneOf(paths, from),
  // Rule 5: it is committed, and nobody saw that it works.
  ({ lines }) => {
    if (!lines.some(one => one.type === 'commit')) return []
    const verdict = lines.findLast(one => one.type === 'verdict')?.verdict?.verdict
    const seen = lines.findLast(one => one.type === 'watch')?.probation?.packages ?? []
    const unproven = seen.filter(one => one.readyAt === null || one.failing > 0)
    return [
      ...(verdict === 'passed' ? [] : [`it was committed, and its verdict is ${verdict}`]),
      ...unproven.map(one => `it was committed, and ${one.package} was not seen to work`),
    ]
  },
]

function isWayBack({ type }: Line): boolean {
  return ways.includes(type)
}

/** The rescuer writes down what it does before it does it. */
function isRescued({ agent }: Paths, from: number, to: number): boolean {
  const file = join(agent, 'rescued')
  return existsSync(file) && readFileSync(file, 'utf8').includes(`generation ${to} ${from} `)
}

function hasStep(lines: readonly Line[], type: string, step: string): boolean {
  return lines.some(one => one.type === type && one.step === step)
}

/** What a generation needs, and is not there. */
function goneOf(paths: Paths, number: number): string[] {
  const generation = keptGeneration(paths, number)
  if (generation === undefined) return [`generation ${number} is gone before a commit`]
  const needed = generation.packages.flatMap(one => [
    join(paths.trees, one.tree.digest.slice(7)),
    dataPath(paths, one.package, one.data),
  ])
  return needed.filter(path => !existsSync(path)).map(path => `${path} is gone before a commit`)
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
