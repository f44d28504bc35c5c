import {
  type Change,
  type EngineState,
  emptyGeneration,
  type Generation,
  type GenerationPackage,
  type Journal,
  type NewRecord,
  reconcile,
  sealOf,
} from '@steadfleet/engine'
import { type Floors, packageFloor } from '@steadfleet/trust'
import type { AppSpec } from '../apps/index.ts'
import type { Paths } from '../disk/paths.ts'
import type { Rescue } from '../self/agent-files.ts'
import { toWords } from '../self/rescue-words.ts'
import { collect, collectLaidOut } from './collect.ts'
import { generationNumbers, keptWith, pointTo, readGeneration, readPointer } from './generations.ts'
import { allSpecs, specsDuring } from './specs.ts'
import type { Stores } from './stores.ts'

/** What a start finds: the generation in force, and the apps that should be running right now. */
export interface Found {
  readonly current: Generation
  readonly specs: readonly AppSpec[]
  /** What was fetched for an overtaken order was left where it is: the newest may want it. */
  readonly hasLeftovers: boolean
}

/** What the device was told before this start, by its fleet and by the rescuer. */
interface Told {
  readonly floors: Floors
  /** The counter of its order; 0 where there is none. */
  readonly counter: number
  /** What the rescuer did before this start. */
  readonly rescues: readonly Rescue[]
}

/**
 * Brings pointer and journal together after any end of the agent's last life. The pointer wins, unless
 * what it names is torn or below a floor: then the nearest that is neither.
 */
export async function recover(
  stores: Stores,
  journal: Journal,
  { floors, counter, rescues }: Told,
): Promise<Found> {
  const { paths } = stores
  const pointed = (await readPointer(paths)) ?? (await lastOf(paths, journal.state))
  const current = await soundGeneration(paths, pointed, floors)
  await pointTo(paths, current.number)
  const abort = abortOfRescue(journal.state.change, rescues, current)
  if (abort) await journal.append(abort)
  const found = reconcile(journal.state, current.number)
  if (found) await journal.append(found)
  const { change } = journal.state
  if (change === undefined) {
    const hasLeftovers = await collectLeftovers(stores, current, journal.state, counter)
    return { current, specs: allSpecs(paths, current), hasLeftovers }
  }
  const { plan, to: aim } = change
  const numbers = [plan.from, plan.to, aim]
  const [from, planned, to] = await Promise.all(numbers.map(one => readGeneration(paths, one)))
  const isSealed = planned && to && isAsPlanned(change, planned, to)
  if (from && isSealed) {
    return { current, specs: specsDuring(paths, change, from, to), hasLeftovers: true }
  }
  if (change.isOver) return await finish(stores, journal, current, counter)
  // A part of the change is gone: what the pointer names is all there is to go on with.
  const missing = numbers[[from, planned, to].indexOf(undefined)]
  const why =
    missing === undefined
      ? `generation ${aim} is another one than was planned`
      : `generation ${missing} is not there`
  await journal.append({ type: 'found', generation: current.number, why })
  return { current, specs: allSpecs(paths, current), hasLeftovers: true }
}

/**
 * Where the rescuer went back from what the change under way had activated, the change has failed: it is
 * taken back as by any other verdict, and not tried again while its packages are the same.
 */
function abortOfRescue(
  change: Change | undefined,
  rescues: readonly Rescue[],
  current: Generation,
): NewRecord | undefined {
  if (change === undefined || change.isOver || change.abort) return undefined
  const rescue = rescues.findLast(one => one.kind === 'generation' && one.from === change.to)
  if (rescue === undefined || current.number !== change.plan.from) return undefined
  const packages = [...new Set(change.plan.steps.flatMap(step => step.package ?? []))]
  const why = `the rescuer ${toWords(rescue)}`
  return { type: 'abort', code: 'agent/rescued', why, packages, lasting: true }
}

/** A change ended, and was being collected when power failed: how it ended is what the journal says. */
async function finish(
  stores: Stores,
  journal: Journal,
  current: Generation,
  counter: number,
): Promise<Found> {
  const hasLeftovers = await collectLeftovers(stores, current, journal.state, counter)
  await journal.checkpoint()
  return { current, specs: allSpecs(stores.paths, current), hasLeftovers }
}

/** Whether these are the generations that the journal means, and not others of the same numbers. */
function isAsPlanned({ plan, drops }: Change, planned: Generation, to: Generation): boolean {
  const seal = drops.at(-1)?.seal ?? plan.seal
  return sealOf(planned) === plan.seal && sealOf(to) === seal
}

/** What was in force, where the pointer is lost: the journal's word, or what lies there without any. */
async function lastOf(paths: Paths, { change, generation, highest }: EngineState): Promise<number> {
  if (highest === 0) return (await generationNumbers(paths)).at(-1) ?? 0
  return change && !change.isOver ? change.plan.from : generation
}

/** The generation of this number; where it is torn or below a floor, the nearest one that is neither. */
async function soundGeneration(paths: Paths, number: number, floors: Floors): Promise<Generation> {
  const others = await generationNumbers(paths)
  const before = others.filter(other => other < number).reverse()
  const after = others.filter(other => other > number)
  for (const candidate of [number, ...before, ...after]) {
    const generation = await readGeneration(paths, candidate)
    if (generation && belowFloor(generation, floors) === undefined) return generation
  }
  return emptyGeneration
}

/** The first package of a generation whose revision is below the device's floor, if one is. */
export function belowFloor(
  { packages }: Generation,
  floors: Floors,
): GenerationPackage | undefined {
  return packages.find(one => one.revision < (floors.get(packageFloor(one.package)) ?? 0))
}

/** What the whole generations say of the floors, should both cells be torn. */
export async function floorsOfGenerations(paths: Paths, { state }: Journal): Promise<Floors> {
  const floors = new Map<string, number>()
  for (const number of await generationNumbers(paths)) {
    const generation = await readGeneration(paths, number)
    floors.set('order', Math.max(floors.get('order') ?? 0, generation?.counter ?? 0))
    const isCommitted = number === state.generation && state.change === undefined
    for (const { package: name, floor } of isCommitted ? (generation?.packages ?? []) : []) {
      floors.set(packageFloor(name), floor)
    }
  }
  return floors
}

/** True where what was fetched had to stay: an order was given up for a newer one, which is not followed yet. */
async function collectLeftovers(
  stores: Stores,
  current: Generation,
  { standing }: EngineState,
  counter: number,
): Promise<boolean> {
  const mayBeWanted = standing === 'aborted' && current.counter !== counter
  await (mayBeWanted ? collectLaidOut : collect)(stores, await keptWith(stores.paths, current))
  return mayBeWanted
}
