import type { Paths } from '../../packages/agent/src/disk/paths.ts'
import { askToRevert } from './by-hand.ts'
import { furnish } from './lives.ts'
import { damageAnObject, emptyDisk, fillDisk, isScrubbed } from './mischief.ts'
import { type Revisions, runs } from './published.ts'

/** What every journey begins with. */
export const earliest = runs(1, 1)
export const old = runs(2, 2)

/** One way through the agent's work, cut everywhere. */
export interface Journey extends Particulars {
  readonly name: string
  readonly what: string
  /** What the fleet orders; without it the journey is what a start does by itself. */
  readonly order?: Revisions
  /** Where it ends, however often it is cut, and what the device says of it there. */
  readonly end: Revisions
  readonly states: readonly string[]
  /** Generations that may run in between, beside the old one and the one at the end. */
  readonly between: readonly Revisions[]
  /** What is ordered once it is over: one package more, for what two are was seen by then. */
  readonly next: Revisions
  /** Generations that may run once nothing hinders them any more: what failed for that is tried again. */
  readonly late: readonly Revisions[]
}

interface Particulars {
  /** The new generation is never pointed to: it fails before. */
  readonly isNeverRun?: boolean
  /** What is done to the state before it begins, and again taken away at its end. */
  readonly prepare?: (paths: Paths) => void
  readonly relieve?: (paths: Paths) => void
  /** It is about the disk itself: it cannot be cut on files that lie elsewhere. */
  readonly needsDisk?: boolean
  /** What must be so at its end beside what the device reports. */
  readonly isOver?: (paths: Paths) => boolean
  /** What somebody at the device asks of its agent, in each of its lives. */
  readonly ask?: (paths: Paths) => Promise<void>
  /** The order comes by a stick, which is still in the device after each cut; the fleet has not told it. */
  readonly isByStick?: boolean
  /** The rescuer starts the agent, and starts it again whenever it ends. */
  readonly isLaunched?: boolean
  /** What the agent that the device was given does before anything else. */
  readonly first?: string
}

/** Name, what is ordered, where it ends, what it is. */
type Row = readonly [name: string, order: Revisions | undefined, end: Revisions, what: string]

/** A journey more is a row more, and a line below where there is something particular about it. */
const rows: readonly Row[] = [
  ['update', runs(3, 3), runs(3, 3), 'two packages are updated, the data of one migrated'],
  ['fails-at-once', runs(4, 2), old, 'the new release never answers'],
  ['fails-late', runs(5, 2), old, 'the new release answers, and dies late in its probation'],
  ['fails-migrate', runs(6, 2), old, 'the new release spoils its data and cannot migrate it'],
  ['together', runs(7, 7), old, 'two packages change as one, and the second fails'],
  ['one-lane-fails', runs(3, 8), runs(3, 2), 'of two side by side one fails, the other goes on'],
  ['disk-full', runs(3, 2), old, 'there is no room to copy the data for the new release'],
  ['collect', runs(3), runs(3), 'a package is taken off, and all it had is collected'],
  ['scrub', undefined, old, 'the store is read again, finds a damaged object and repairs it'],
  ['revert', undefined, earliest, 'somebody at the device goes back to the release before'],
  ['import', runs(3, 3), runs(3, 3), 'a stick brings an update that no network told of'],
  ['agent-update', runs(2, 2, 1), runs(2, 2, 1), 'the agent takes its own place'],
  ['agent-fails', runs(2, 2, 2), old, 'the new agent dies at each start; the rescuer goes back'],
  [
    'rescued',
    runs(10, 2),
    old,
    'under the new generation the agent dies; the rescuer goes back to the old',
  ],
]

/** Dies as soon as the generation in force has that release, and at each start under it. */
const diesUnderTheNew = `if (process.argv[2] === 'run') {
  const { readFileSync } = process.getBuiltinModule('node:fs')
  const record = process.argv[4] + '/current/generation.json'
  const read = () => { try { return readFileSync(record, 'utf8') } catch { return '' } }
  const dieWhereItIs = () => { if (read().includes('"version":"10.0"')) process.exit(3) }
  dieWhereItIs()
  setInterval(dieWhereItIs, 20).unref()
}`

const particulars: Readonly<Record<string, Particulars>> = {
  'fails-migrate': { isNeverRun: true },
  'disk-full': { isNeverRun: true, prepare: fillDisk, relieve: emptyDisk, needsDisk: true },
  scrub: { prepare: damageAnObject, isOver: isScrubbed },
  revert: { ask: askToRevert },
  import: { isByStick: true },
  'agent-update': { isLaunched: true },
  'agent-fails': { isLaunched: true },
  rescued: {
    isLaunched: true,
    first: diesUnderTheNew,
    prepare: paths => furnish(paths, diesUnderTheNew),
  },
}

export const journeys: readonly Journey[] = rows.map(([name, order, end, what]) => {
  const own = particulars[name] ?? {}
  const isUndone = order !== undefined && end === old
  return {
    ...own,
    ...(order && { order }),
    name,
    what,
    end,
    states: isUndone ? ['restored', 'aborted'] : ['committed'],
    between: order && !own.isNeverRun ? [order] : [],
    next: runs(9, end['acme/lamp'] ?? 9),
    late: order && own.relieve ? [order] : [],
  }
})

/** How its agent is started. */
export function launchingOf({ isLaunched = false, first }: Journey) {
  return { isLaunched, ...(first !== undefined && { first }) }
}
