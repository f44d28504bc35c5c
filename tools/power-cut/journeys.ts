import type { Paths } from '../../packages/agent/src/disk/paths.ts'
import { askToRevert } from './by-hand.ts'
import { damageAnObject, emptyDisk, fillDisk, isScrubbed } from './mischief.ts'
import { type Revisions, runs } from './published.ts'

/** What every journey begins with, and what it is asked for at its end. */
export const earliest = runs(1, 1)
export const old = runs(2, 2)
export const next = runs(9, 9)

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
]

const particulars: Readonly<Record<string, Particulars>> = {
  'fails-migrate': { isNeverRun: true },
  'disk-full': { isNeverRun: true, prepare: fillDisk, relieve: emptyDisk, needsDisk: true },
  scrub: { prepare: damageAnObject, isOver: isScrubbed },
  revert: { ask: askToRevert },
  import: { isByStick: true },
  'agent-update': { isLaunched: true },
  'agent-fails': { isLaunched: true },
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
  }
})
