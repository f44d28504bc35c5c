import { parseArgs } from 'node:util'
import type { FuzzTarget } from './target.ts'

/** What a run is asked to do. */
export interface FuzzOptions {
  readonly runs: number
  /** For each target; without end where only a count was given. */
  readonly seconds: number
  readonly seed: number
  readonly targets: readonly FuzzTarget[]
  readonly isJson: boolean
}

export const usage = `npm run fuzz -- [options]

Gives every reader of untrusted bytes inputs that nobody would write. What is found is kept in
vectors/, is tried again by npm test from then on, and makes the exit code 1.

  --runs N        end after N inputs for each target
  --seconds N     end after N seconds for each target (10 where no --runs is given)
  --target NAME   only the targets whose name begins with NAME; may be given again
  --seed N        another run; the same seed gives the same inputs (1)
  --list          print the targets
  --json          one line of JSON for each target
  --help          print this

  npm run fuzz -- --runs 1000000
  npm run fuzz -- --seconds 600 --target bundle- --target trust-order`

const options = {
  runs: { type: 'string' },
  seconds: { type: 'string' },
  target: { type: 'string', multiple: true },
  seed: { type: 'string', default: '1' },
  list: { type: 'boolean' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean' },
} as const

/** What the words ask for, or what to print where they ask for no run. Throws with one line. */
export function readOptions(words: string[], all: readonly FuzzTarget[]): FuzzOptions | string {
  const { values } = parseArgs({ options, args: words })
  if (values.help) return usage
  if (values.list) return all.map(({ name }) => name).join('\n')
  const { runs, seconds, json } = values
  return {
    runs: runs === undefined ? 2 ** 31 - 1 : countOf('--runs', runs),
    seconds: seconds === undefined ? usualSeconds(runs) : countOf('--seconds', seconds),
    seed: countOf('--seed', values.seed),
    targets: (values.target ?? ['']).flatMap(word => targetsLike(word, all)),
    isJson: json,
  }
}

function usualSeconds(runs: string | undefined): number {
  return runs === undefined ? 10 : Number.POSITIVE_INFINITY
}

function targetsLike(word: string, all: readonly FuzzTarget[]): FuzzTarget[] {
  const found = all.filter(({ name }) => name.startsWith(word))
  if (found.length > 0) return found
  throw new RangeError(`cannot fuzz ${word}: --list prints the targets`)
}

function countOf(option: string, word: string): number {
  if (/^[1-9]\d{0,9}$/.test(word) && Number(word) < 2 ** 31) return Number(word)
  throw new RangeError(
    `cannot take ${option} ${word}: a whole number from 1 to 2147483647 is needed`,
  )
}
