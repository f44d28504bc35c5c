import { existsSync } from 'node:fs'
import type { PackageName } from '@steadfleet/domain'
import {
  type Generation,
  type GenerationPackage,
  type Granted,
  type Journal,
  nothingRefused,
  packageOf,
  packagesMigratedSince,
  revertedGeneration,
} from '@steadfleet/engine'
import type { Floors } from '@steadfleet/trust'
import { dataPath, type Paths } from '../disk/paths.ts'
import { AgentError } from '../error.ts'
import { currentGeneration, earlierThan, readGeneration } from './generations.ts'
import { belowFloor } from './recover.ts'

export interface RevertOptions {
  /** The number of the generation to go back to; the one before the current without it. */
  readonly to?: number
  /** Whether its packages have their data of then, too; today's is put aside. */
  readonly restoreData?: boolean
}

/** What going back will do. It has begun when this is known, and is finished whatever happens. */
export interface Reverting {
  /** `recalled`: a change under way is undone. `planned`: the way back is a change of its own. */
  readonly way: 'recalled' | 'planned'
  readonly from: number
  readonly to: number
  /** What the device runs then, of all that changes. */
  readonly packages: readonly { readonly package: PackageName; readonly revision: number }[]
  /** Copies that are taken up again: `data/acme.hub/3`. */
  readonly restored: readonly string[]
}

export interface RevertContext {
  readonly paths: Paths
  readonly journal: Journal
  readonly floors: Floors
  /** Counter of the order that is not followed for it; 0 where there is none. */
  readonly counter: number
  /** What the order grants: of the earlier generation's grants no other is had again. */
  readonly granted: Granted
}

/**
 * Makes an earlier generation, which this device committed and still holds, the ordered one until the
 * server orders something else. A change under way is recalled, and leaves all as it was before it.
 */
export async function revert(context: RevertContext, options: RevertOptions): Promise<Reverting> {
  const { journal } = context
  const { change } = journal.state
  if (change && !change.isOver) return recall(context, change.plan.from, options)
  const current = await currentGeneration(context.paths)
  const earlier = await earlierGeneration(context, current.number, options.to)
  refuseBelowFloor(earlier, context.floors)
  const restoresData = options.restoreData ?? false
  if (!restoresData) refuseMigrated(context.paths, current, earlier)
  const asked = { counter: context.counter, to: earlier.number, restoresData }
  const bounds = { refused: nothingRefused, granted: context.granted }
  const next = revertedGeneration(current, earlier, asked, bounds, journal.state.highest + 1)
  if (next === undefined) return refuseSame(current, earlier)
  const changed = next.packages.filter(one => one.data === next.number)
  const copies = changed.flatMap(one => copyOf(context.paths, one) ?? [])
  await journal.append({ type: 'revert', ...asked })
  return {
    way: 'planned',
    from: current.number,
    to: earlier.number,
    packages: changed.map(({ package: name, revision }) => ({ package: name, revision })),
    restored: copies,
  }
}

async function recall(
  { journal, counter }: RevertContext,
  from: number,
  { to }: RevertOptions,
): Promise<Reverting> {
  const { change } = journal.state
  if (to !== undefined && to !== from) {
    const message = `cannot go back to generation ${to}: a change from ${from} is under way`
    throw new AgentError('agent/no-earlier', message, { to, from })
  }
  await journal.append({ type: 'revert', counter, to: from, restoresData: false })
  return { way: 'recalled', from: change?.to ?? from, to: from, packages: [], restored: [] }
}

/** The one generation that was committed before `current` and is kept for this. */
async function earlierGeneration(
  { paths, journal }: RevertContext,
  current: number,
  to: number | undefined,
): Promise<Generation> {
  // Of a change that is over and not tidied up, what was dropped on the way lies there too.
  const { change } = journal.state
  const isFresh = change?.state === 'committed' && change.plan.from > 0
  const earlier = isFresh
    ? await readGeneration(paths, change.plan.from)
    : await earlierThan(paths, current)
  if (earlier && (to === undefined || to === earlier.number)) return earlier
  const which = to === undefined ? 'an earlier generation' : `generation ${to}`
  const message = `cannot go back to ${which}: this device does not hold it`
  throw new AgentError('agent/no-earlier', message, { current })
}

function refuseBelowFloor(earlier: Generation, floors: Floors): void {
  const low = belowFloor(earlier, floors)
  if (low === undefined) return
  const { package: name, revision } = low
  const message = `cannot go back to generation ${earlier.number}: its ${name} ${revision} is below the floor`
  throw new AgentError('agent/below-floor', message, { package: name, revision })
}

function refuseMigrated(paths: Paths, current: Generation, earlier: Generation): void {
  const [first] = packagesMigratedSince(current, earlier)
  if (first === undefined) return
  throw migrated(paths, earlier.number, first, packageOf(current, first.package)?.migrated ?? 0)
}

/** What is told where a release can't have today's data, and whose copy it could have instead. */
export function migrated(
  paths: Paths,
  number: number,
  one: GenerationPackage,
  by: number,
): AgentError {
  const copy = `data/${one.package.replace('/', '.')}/${one.data}`
  const has = existsSync(dataPath(paths, one.package, one.data))
  const way = has ? `--restore-data takes up the copy ${copy} again` : 'there is no copy of then'
  const message = `cannot go back to ${one.package} ${one.revision}: revision ${by} has migrated its data; ${way}`
  return new AgentError('agent/migrated', message, {
    package: one.package,
    generation: number,
    copy,
  })
}

function copyOf(paths: Paths, one: GenerationPackage): string | undefined {
  if (one.restored === undefined) return undefined
  const copy = `data/${one.package.replace('/', '.')}/${one.restored.from}`
  if (existsSync(dataPath(paths, one.package, one.restored.from))) return copy
  const message = `cannot take up the data of ${one.package} again: ${copy} is not there`
  throw new AgentError('agent/no-data', message, { package: one.package, copy })
}

function refuseSame(current: Generation, earlier: Generation): never {
  const message = `cannot go back to generation ${earlier.number}: it runs the same as ${current.number}`
  throw new AgentError('agent/no-earlier', message, { from: current.number, to: earlier.number })
}
