import { backOff, jittered } from '@steadfleet/engine'
import type { RefusalReporter } from '../report/refusals.ts'
import type { World } from '../world.ts'
import { type CheckInContext, checkInOnce } from './check-in.ts'
import { LastReport } from './last-report.ts'
import { type Bell, pause } from './wake.ts'

export interface CheckInLoop {
  readonly context: Omit<CheckInContext, 'last'>
  readonly world: World
  readonly refusals: RefusalReporter
  /** Rung by the server's stream, and by everything that is to be told at once. */
  readonly look: Bell
  readonly tell: Bell
  readonly intervalSeconds: () => number
  readonly onOrder: () => void
  /** Told of each end, with what hindered it. */
  readonly onEnd: (error?: unknown) => Promise<void>
}

const retry = { first: 2000, longest: 900_000 }
/** So long more is waited for before it is told, so that a burst is one check-in. */
const burstMs = 100

/** Checks in for as long as the agent lives: at intervals, when called, and when there is news. */
export async function checkInForever(loop: CheckInLoop): Promise<never> {
  const { world, look, tell } = loop
  const { stop } = loop.context
  const last = new LastReport()
  for (let failures = 0; ; ) {
    failures = (await isCheckedIn(loop, last)) ? 0 : failures + 1
    if (failures > 0) {
      // News of its own does not shorten the wait for a server that is away; its stream does.
      await pause(world, backOff(retry, failures, world.random()), [look], stop)
      continue
    }
    const interval = jittered(loop.intervalSeconds() * 1000, world.random())
    await pause(world, interval, [look, tell], stop)
    await world.sleep(burstMs, stop)
  }
}

async function isCheckedIn(loop: CheckInLoop, last: LastReport): Promise<boolean> {
  try {
    for (let hasMore = true; hasMore; ) {
      const result = await checkInOnce({ ...loop.context, last })
      if (result.hasNewOrder) loop.onOrder()
      for (const suspicion of result.suspicions) await loop.refusals.report(loop.world, suspicion)
      // Something was meant for this device and did not get here: asked for again before long.
      if (result.refusal) throw result.refusal
      hasMore = result.hasMore
      await loop.onEnd()
    }
    return true
  } catch (error) {
    loop.context.stop.throwIfAborted()
    await loop.refusals.report(loop.world, error)
    await loop.onEnd(error)
    return false
  }
}
