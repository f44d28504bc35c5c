import { isCoded } from '@steadfleet/base'
import { type Generation, type Journal, reconcile } from '@steadfleet/engine'
import type { AppSpec } from '../apps/index.ts'
import type { Paths } from '../disk/paths.ts'
import { collect, type Stores } from './collect.ts'
import { earlierThan, pointTo, readGeneration, readPointer } from './generations.ts'
import { allSpecs, specsDuring } from './specs.ts'

/** What a start finds: the generation in force, and the apps that should be running right now. */
export interface Found {
  readonly current: Generation
  readonly specs: readonly AppSpec[]
}

/** Brings pointer and journal together after any end of the agent's last life. The pointer wins. */
export async function recover(stores: Stores, journal: Journal): Promise<Found> {
  const { paths } = stores
  const current = await readableCurrent(paths)
  const found = reconcile(journal.state, current.number)
  if (found) await journal.append(found)
  const { change } = journal.state
  if (change === undefined) {
    await collectLeftovers(stores, current)
    return { current, specs: allSpecs(paths, current) }
  }
  const from = await readGeneration(paths, change.plan.from)
  const to = await readGeneration(paths, change.plan.to)
  if (from && to) return { current, specs: specsDuring(paths, change, from, to) }
  // Half of the change is gone: what the pointer names is all there is to go on with.
  const why = `generation ${to ? change.plan.from : change.plan.to} is not there`
  await journal.append({ type: 'found', generation: current.number, why })
  return { current, specs: allSpecs(paths, current) }
}

/** The pointer's generation, or where its record is damaged the newest one before it that is whole. */
async function readableCurrent(paths: Paths): Promise<Generation> {
  for (let number = (await readPointer(paths)) ?? 0; ; ) {
    const generation = await readOrUndefined(paths, number)
    if (generation) return generation
    number = (await earlierThan(paths, number))?.number ?? 0
    await pointTo(paths, number)
  }
}

async function readOrUndefined(paths: Paths, number: number): Promise<Generation | undefined> {
  try {
    return await readGeneration(paths, number)
  } catch (error) {
    if (isCoded(error)) return undefined
    throw error
  }
}

async function collectLeftovers(stores: Stores, current: Generation): Promise<void> {
  const before = await earlierThan(stores.paths, current.number)
  await collect(stores, before ? [current, before] : [current], true)
}
