import { digestOf, toHexDigest, toUtf8 } from '@steadfleet/base'
import { toTimestamp } from '@steadfleet/domain'
import type { Logger } from 'pino'
import type { Claimed } from '../acts/deliveries.ts'
import type { House } from '../house.ts'
import { isAnythingDue } from '../store/endpoint-store.ts'
import { serverVersion } from '../version.ts'
import { post } from './post.ts'
import type { Reach } from './reachable.ts'
import { webhookHeaders } from './sign.ts'

type Place = Pick<House, 'store' | 'world'> & { readonly reach: Reach }

const [second, minute, hour] = [1000, 60_000, 3_600_000]

/** How long after each try that failed the next comes: three days in all, then it is given up. */
export const retryMs: readonly number[] = [
  ...[5 * second, 30 * second, 2 * minute, 10 * minute, 30 * minute],
  ...[hour, 3 * hour, 6 * hour, 12 * hour, 24 * hour, 24 * hour],
]

const lookMs = 1000
/** So many are sent at the same time, and to one endpoint one after the other. */
const mostAtOnce = 50
/** Longer than the longest try. */
const claimMs = 10 * minute
const pruneMs = hour

/** Sends what is due, from now on; what a process that ended had taken is due again after a while. */
export function watchDeliveries(place: Place, logger: Logger): AsyncDisposable {
  const ending = new AbortController()
  let isBusy = false
  let looking: Promise<void> = Promise.resolve()
  const look = async (): Promise<void> => {
    try {
      await deliverDue(place, ending.signal)
    } catch (fault) {
      // What was not settled is due again by itself.
      if (!ending.signal.aborted) logger.error({ err: fault }, 'cannot send webhooks yet')
    }
  }
  const timer = setInterval(() => {
    if (isBusy) return
    isBusy = true
    looking = look().finally(() => {
      isBusy = false
    })
  }, lookMs)
  const prune = (): void => {
    const now = toTimestamp(place.world.now())
    place.store.write('pruneNotices', { now }).catch((fault: unknown) => {
      logger.error({ err: fault }, 'cannot forget old notices yet')
    })
  }
  const pruning = setInterval(prune, pruneMs)
  for (const one of [timer, pruning]) one.unref()
  return {
    async [Symbol.asyncDispose]() {
      for (const one of [timer, pruning]) clearInterval(one)
      ending.abort()
      await looking
    },
  }
}

/** Sends all that is due now; resolves when each has been answered, or has failed. */
export async function deliverDue(place: Place, stop: AbortSignal): Promise<void> {
  const { store, world } = place
  while (!stop.aborted && (await isAnythingDue(store.db, toTimestamp(world.now())))) {
    const now = world.now()
    const until = toTimestamp(new Date(now.getTime() + claimMs))
    const claim = { now: toTimestamp(now), until, most: mostAtOnce }
    const claimed = await store.write('claimDeliveries', claim)
    const lines = Map.groupBy(claimed, ({ endpoint }) => endpoint)
    await Promise.all([...lines.values()].map(line => deliverInTurn(place, line, stop)))
  }
}

async function deliverInTurn(
  place: Place,
  line: readonly Claimed[],
  stop: AbortSignal,
): Promise<void> {
  for (const one of line) {
    if (stop.aborted) return
    const outcome = await deliver(place, one, stop)
    if (stop.aborted) return
    const now = place.world.now()
    const nextAt = outcome.said === '' ? null : nextTry(place, one.attempts, now)
    await place.store.write('settleDelivery', {
      ...{ delivery: one.delivery, ...outcome, now: toTimestamp(now), nextAt },
    })
  }
}

/** A fifth earlier or later than said, so that what failed together is not tried together. */
function nextTry({ world }: Place, attempts: number, now: Date): string | null {
  const wait = retryMs[attempts]
  if (wait === undefined) return null
  const jitter = 0.8 + ((world.random(1)[0] ?? 0) / 255) * 0.4
  return toTimestamp(new Date(now.getTime() + wait * jitter))
}

interface Outcome {
  readonly status: number | null
  readonly said: string
}

/** Tries once; what hindered it is told in words that repeat nothing of the answer. */
async function deliver(place: Place, one: Claimed, stop: AbortSignal): Promise<Outcome> {
  const { notice, secrets } = one
  const url = new URL(one.url)
  const body = JSON.stringify({
    ...{ type: notice.kind, timestamp: notice.at, data: JSON.parse(notice.data) },
  })
  const timestamp = Math.floor(place.world.now().getTime() / 1000)
  const headers = {
    'content-type': 'application/json',
    'user-agent': `steadfleet/${serverVersion}`,
    ...webhookHeaders({ id: messageId(notice), timestamp, body }, secrets),
  }
  try {
    const status = await post({ url, place: await place.reach.placeOf(url), headers, body }, stop)
    const isTaken = status >= 200 && status < 300
    return { status, said: isTaken ? '' : `answered ${status}` }
  } catch (error) {
    const { code, name, message } = error as NodeJS.ErrnoException
    const isOurs = code === 'webhook/refused-address'
    return { status: null, said: isOurs ? message : `cannot be reached: ${code ?? name}` }
  }
}

/** The same for the same notice, however often it is sent, and of no other server's. */
export function messageId({ id, at, data }: Claimed['notice']): string {
  return `msg_${toHexDigest(digestOf(toUtf8(`${id} ${at} ${data}`))).slice(0, 32)}`
}
