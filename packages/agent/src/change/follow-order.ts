import type { PackageName } from '@steadfleet/domain'
import {
  backOff,
  type ChangeEnd,
  type ChangeHost,
  type Contents,
  contentsOf,
  type Generation,
  type Granted,
  isAnotherTry,
  type Journal,
  nextGeneration,
  planChange,
  type Refused,
  revertedGeneration,
  runChange,
  Superseded,
  sealOf,
  type Wanted,
} from '@steadfleet/engine'
import type { Order } from '@steadfleet/trust'
import type { Paths } from '../disk/paths.ts'
import type { NewEvent } from '../report/outbox.ts'
import type { RefusalReporter } from '../report/refusals.ts'
import { type Bell, pause } from '../server/wake.ts'
import type { Resolved } from '../trust/resolve.ts'
import type { World } from '../world.ts'
import { currentGeneration, readGeneration, writeGeneration } from './generations.ts'
import { heldBack, packagesFailedBefore } from './held-back.ts'
import { copiesFor } from './ordered-copies.ts'
import { triedIn } from './step-work.ts'

export interface OrderFollower {
  readonly paths: Paths
  readonly world: World
  readonly journal: Journal
  readonly host: ChangeHost
  readonly refusals: RefusalReporter
  readonly ordered: Bell
  /** Rung when somebody at the device went back, or wants tried again what failed. */
  readonly asked: Bell
  readonly halt: AbortSignal
  readonly order: () => Order | undefined
  /** What that order grants, whatever else becomes of it. */
  readonly granted: () => Granted
  /** Packages that it wants to have their data of then. */
  readonly restored: (order: Order) => readonly PackageName[]
  /** When it asks for another try of what failed before. */
  readonly tryAgain: (order: Order) => string | undefined
  readonly resolve: (order: Order) => Promise<Resolved>
  readonly tell: (event: NewEvent) => Promise<void>
  /** An order changes nothing of what runs: no change will tell that it was taken. */
  readonly onUnchanged: () => void
  /** These packages of the order stay as they are: what is ordered of them failed here before. */
  readonly onFailedBefore: (packages: readonly PackageName[]) => void
  /** The order is fulfilled, as far as it may be: nothing waits any more. */
  readonly onSettled: () => Promise<void>
}

const retry = { first: 15_000, longest: 6 * 3_600_000 }

/** Finishes what the journal left open, then does whatever the last accepted order asks, for ever. */
export async function followForever(follower: OrderFollower): Promise<never> {
  let settled = 0
  let isAsked = false
  follower.asked.listen(() => {
    isAsked = true
  })
  for (let failures = 0; ; ) {
    if (isAsked) settled = 0
    isAsked = false
    const order = follower.order()
    const isSettled = await tryFollow(follower, order?.counter === settled ? undefined : order)
    failures = isSettled ? 0 : Math.max(failures + 1, timesTried(follower, order))
    if (isSettled) settled = order?.counter ?? 0
    await waitForWork(follower, order, failures)
  }
}

/** A restart of the agent does not begin the waits anew. */
function timesTried({ journal }: OrderFollower, order: Order | undefined): number {
  const { tried } = journal.state
  return tried?.counter === order?.counter ? (tried?.times ?? 0) : 0
}

/** Until a new order comes, or it is time to try again what may go better then. */
async function waitForWork(
  { order, world, ordered, asked, halt }: OrderFollower,
  last: Order | undefined,
  failures: number,
): Promise<void> {
  if (order()?.counter !== last?.counter) return
  const wait = failures === 0 ? longWaitMs : backOff(retry, failures, world.random())
  await pause(world, wait, [ordered, asked], halt)
}

/** Nothing is due: only a new order is waited for. Below Node's longest timer. */
const longWaitMs = 2 ** 31 - 1

/** False where trying again later may help. */
async function tryFollow(follower: OrderFollower, order: Order | undefined): Promise<boolean> {
  try {
    await run(follower)
    return order === undefined || (await follow(follower, order))
  } catch (error) {
    follower.halt.throwIfAborted()
    await follower.refusals.report(follower.world, error)
    return false
  }
}

/** Change after change until the order asks for nothing more that may be tried. */
async function follow(follower: OrderFollower, order: Order): Promise<boolean> {
  const { journal, paths } = follower
  await heedTry(follower, order)
  const next = nextOf(follower, order)
  for (;;) {
    const current = await currentGeneration(paths)
    const { revert } = journal.state
    const aim = await next(current)
    if (journal.state.revert !== revert) continue
    if (aim === undefined) return await settle(follower, current, order)
    await begin(follower, current, aim)
    const isOver = await carryOut(follower, order, aim, next)
    if (isOver && journal.state.revert === revert) return !isOrdered(follower, order)
  }
}

/** Once for each time that somebody asked, whatever ends this life of the agent. */
async function heedTry({ journal, tryAgain }: OrderFollower, order: Order): Promise<void> {
  const asked = tryAgain(order)
  if (asked && isAnotherTry(journal.state, asked)) await journal.append({ type: 'retry', asked })
}

type Next = (current: Generation, refused?: Refused) => Promise<Generation | undefined>

function isOrdered({ order }: OrderFollower, { counter }: Order): boolean {
  return order()?.counter === counter
}

/** The change that was begun; true where trying at once what is left of it is of no use. */
async function carryOut(
  follower: OrderFollower,
  order: Order,
  aim: Generation,
  next: Next,
): Promise<boolean> {
  const { journal } = follower
  const { refused, revert } = journal.state
  const end = await run(follower)
  if (!isToWait(end, journal.state.refused === refused)) return false
  if (journal.state.revert === revert && isOrdered(follower, order)) {
    await takeBack(follower, aim, next)
  }
  return true
}

/** What the order grants no more does not wait for the rest of it: all stays but that. */
async function takeBack(follower: OrderFollower, aim: Generation, next: Next): Promise<void> {
  const current = await currentGeneration(follower.paths)
  const { refused } = follower.journal.state
  const all = [...current.packages, ...aim.packages].map(one => one.package)
  const packages = [...all, ...refused.packages]
  const less = await next(current, { counter: aim.counter, packages })
  if (less === undefined) return
  await begin(follower, current, less)
  await run(follower)
}

async function settle(follower: OrderFollower, current: Generation, order: Order): Promise<true> {
  await follower.onSettled()
  if (current.counter !== order.counter) follower.onUnchanged()
  return true
}

/** Trying the same again at once is of use only where it would not be the same. */
function isToWait(end: ChangeEnd | undefined, isAsBefore: boolean): boolean {
  return end?.isToRetry === true || (end?.outcome !== 'committed' && isAsBefore)
}

/** What comes after a generation: by the order, or by what somebody went back to from it. */
function nextOf(follower: OrderFollower, order: Order): Next {
  const { paths, journal, granted, restored, resolve, tell, onFailedBefore } = follower
  let wanted: Wanted | undefined
  return async (current, refused = journal.state.refused) => {
    const { revert, highest } = journal.state
    if (revert?.counter === order.counter) {
      const earlier = await readGeneration(paths, revert.to)
      const bounds = { refused, granted: granted() }
      return earlier && revertedGeneration(current, earlier, revert, bounds, highest + 1)
    }
    const isFirst = wanted === undefined
    wanted ??= (await resolve(order)).wanted
    const copies = await copiesFor(paths, current, wanted, restored(order))
    wanted = { ...wanted, copies }
    if (isFirst) {
      for (const event of heldBack(current, wanted, refused)) await tell(event)
    }
    const failed = packagesFailedBefore(current, wanted, journal.state.refused)
    onFailedBefore(failed.map(one => one.package))
    return nextGeneration(current, wanted, refused, highest + 1)
  }
}

async function begin(
  { paths, journal }: OrderFollower,
  from: Generation,
  to: Generation,
): Promise<void> {
  await writeGeneration(paths, to)
  await journal.append({
    type: 'plan',
    from: from.number,
    to: to.number,
    counter: to.counter,
    seal: sealOf(to),
    steps: planChange(from, to),
    contents: contentsIn(from, to),
  })
}

/** Of what is on trial; what only loses interfaces is not. */
function contentsIn(from: Generation, to: Generation): Contents {
  const tried = triedIn(from, to).map(one => one.package)
  const all = Object.entries(contentsOf(to.packages))
  return Object.fromEntries(all.filter(([name]) => tried.includes(name as PackageName)))
}

/** Carries an open change to its end; an order that came in the meantime takes it over. */
async function run(follower: OrderFollower): ReturnType<typeof runChange> {
  const { journal, host, halt, ordered, asked } = follower
  const recall = new AbortController()
  const supersede = new AbortController()
  const counter = journal.state.change?.plan.counter
  const supersedeIfNewer = () => {
    const newer = follower.order()?.counter
    if (newer === undefined || counter === undefined || newer <= counter) return
    const message = `cannot go on under order ${counter}: order ${newer} came`
    supersede.abort(new Superseded('engine/superseded', message, { counter, newer }))
  }
  // It may have come while no change ran, or to an earlier life of the agent.
  supersedeIfNewer()
  const silence = ordered.listen(supersedeIfNewer)
  const quiet = asked.listen(() => {
    if (journal.state.change?.isRecalled) recall.abort()
  })
  try {
    const signals = { halt, supersede: supersede.signal, recall: recall.signal }
    return await runChange(journal, host, signals)
  } finally {
    quiet()
    silence()
  }
}
