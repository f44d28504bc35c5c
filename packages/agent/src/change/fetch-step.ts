import { backOff, type GenerationPackage, type Receipt } from '@steadfleet/engine'
import { isSecurityEvent } from '../report/refusals.ts'
import type { Gate, Journey } from '../say/gate.ts'
import { isTransient } from '../server/transient.ts'
import type { FetchContext } from '../store/fetch-context.ts'
import { fetchTree } from '../store/fetch-tree.ts'
import type { World } from '../world.ts'
import type { ChangeRoom } from './change-room.ts'
import { changedIn } from './step-work.ts'

export interface FetchStep {
  readonly world: World
  readonly fetching: FetchContext
  readonly gate: Gate
  readonly room: ChangeRoom
}

const retry = { first: 1000, longest: 300_000 }

/** A package as it is to be, and as it is. */
interface Moved {
  readonly to: GenerationPackage
  readonly from: GenerationPackage | undefined
}

/**
 * Fetches one package of a change. The network coming and going is no failure, and neither is a link that
 * becomes metered: it goes on from where it was until it has all, or is told to stop.
 */
export async function fetchPackage(
  parts: FetchStep,
  journey: Journey,
  moved: Moved,
  stop: AbortSignal,
): Promise<Receipt> {
  const { world } = parts
  for (let failures = 0; ; ) {
    try {
      const receipt = await fetchUntilPaused(parts, journey, moved, stop)
      if (receipt) return receipt
    } catch (error) {
      stop.throwIfAborted()
      refuseLasting(parts, error)
      failures += 1
      await world.sleep(backOff(retry, failures, world.random()), stop)
    }
  }
}

/** The change tells that it failed; that it was attacked is news of another kind. */
function refuseLasting({ world, fetching }: FetchStep, error: unknown): void {
  if (isSecurityEvent(error)) fetching.suspect(error)
  if (!isTransient(error)) throw error
  world.log({ level: 'warn', message: error instanceof Error ? error.message : String(error) })
}

/** Undefined where no more may be fetched now; what came stays for the next try. */
async function fetchUntilPaused(
  parts: FetchStep,
  journey: Journey,
  { to, from }: Moved,
  stop: AbortSignal,
): Promise<Receipt | undefined> {
  const { gate, room } = parts
  await gate.untilMayFetch(journey, stop)
  const changed = changedIn(journey.from, journey.to)
  await room.refuseTooLittle(journey.from, journey.to, changed, stop)
  const paused = new AbortController()
  try {
    const either = AbortSignal.any([stop, paused.signal])
    const pausing = withPause(parts, journey, paused)
    const receipt = await fetchTree(pausing, to, from?.tree.digest, either)
    return { ...receipt, size: to.size }
  } catch (error) {
    stop.throwIfAborted()
    if (paused.signal.aborted) return undefined
    throw error
  }
}

/** Between two pieces it is asked again whether more may be fetched: what came is on disk by then. */
function withPause(
  { fetching, gate }: FetchStep,
  journey: Journey,
  paused: AbortController,
): FetchContext {
  const throttle = async (bytes: number) => {
    await fetching.throttle(bytes)
    if (!gate.mayFetchOn(journey)) paused.abort()
    paused.signal.throwIfAborted()
  }
  return { ...fetching, throttle }
}
