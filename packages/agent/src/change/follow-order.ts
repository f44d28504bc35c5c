import {
  backOff,
  type ChangeHost,
  type Generation,
  type Journal,
  nextGeneration,
  planChange,
  runChange,
  Superseded,
  sealOf,
} from '@steadfleet/engine'
import type { Order } from '@steadfleet/trust'
import type { Paths } from '../disk/paths.ts'
import type { RefusalReporter } from '../report/refusals.ts'
import { type Bell, pause } from '../server/wake.ts'
import type { Resolved } from '../trust/resolve.ts'
import type { World } from '../world.ts'
import { readGeneration, readPointer, writeGeneration } from './generations.ts'

export interface OrderFollower {
  readonly paths: Paths
  readonly world: World
  readonly journal: Journal
  readonly host: ChangeHost
  readonly refusals: RefusalReporter
  readonly ordered: Bell
  readonly halt: AbortSignal
  readonly order: () => Order | undefined
  readonly resolve: (order: Order) => Promise<Resolved>
}

const retry = { first: 15_000, longest: 6 * 3_600_000 }

/** Finishes what the journal left open, then does whatever the last accepted order asks, for ever. */
export async function followForever(follower: OrderFollower): Promise<never> {
  let settled = 0
  for (let failures = 0; ; ) {
    const order = follower.order()
    const isSettled = await tryFollow(follower, order?.counter === settled ? undefined : order)
    failures = isSettled ? 0 : failures + 1
    if (isSettled) settled = order?.counter ?? 0
    await waitForWork(follower, order, failures)
  }
}

/** Until a new order comes, or it is time to try again what may go better then. */
async function waitForWork(
  { order, world, ordered, halt }: OrderFollower,
  last: Order | undefined,
  failures: number,
): Promise<void> {
  if (order()?.counter !== last?.counter) return
  const wait = failures === 0 ? longWaitMs : backOff(retry, failures, world.random())
  await pause(world, wait, [ordered], halt)
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
  const { wanted } = await follower.resolve(order)
  for (;;) {
    const current = await currentGeneration(paths)
    const { refused, highest } = journal.state
    const next = nextGeneration(current, wanted, refused, highest + 1)
    if (next === undefined) return true
    await begin(follower, current, next)
    const end = await run(follower)
    // Trying the same again at once is of use only where it would not be the same.
    const isAsBefore = end?.outcome !== 'committed' && journal.state.refused === refused
    if (isAsBefore || end?.isToRetry) return follower.order()?.counter !== order.counter
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
  })
}

/** Carries an open change to its end; an order that came in the meantime takes it over. */
async function run(follower: OrderFollower): ReturnType<typeof runChange> {
  const { journal, host, halt, ordered } = follower
  const supersede = new AbortController()
  const counter = journal.state.change?.plan.counter
  const silence = ordered.listen(() => {
    const newer = follower.order()?.counter
    if (newer === undefined || counter === undefined || newer <= counter) return
    const message = `cannot go on under order ${counter}: order ${newer} came`
    supersede.abort(new Superseded('engine/superseded', message, { counter, newer }))
  })
  try {
    return await runChange(journal, host, { halt, supersede: supersede.signal })
  } finally {
    silence()
  }
}

/** What the one pointer names. */
export async function currentGeneration(paths: Paths): Promise<Generation> {
  const number = (await readPointer(paths)) ?? 0
  const generation = await readGeneration(paths, number)
  if (generation) return generation
  throw new TypeError(`generation ${number} is not there`)
}
