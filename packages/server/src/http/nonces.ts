import { createHmac, timingSafeEqual } from 'node:crypto'
import { toBase64Url } from '@steadfleet/base'
import type { Freshness } from '@steadfleet/protocol'
import { ServerError } from '../error.ts'
import type { World } from '../world.ts'

/** How long a nonce is good for. A new one is offered to whoever uses one that is half as old. */
export const nonceLifeMs = 10 * 60_000

/** So far behind its newest a sequence may arrive: requests of one client overtake each other. */
const windowSize = 64

/** Server nonces: they say when they were made, and only this process could have made them. */
export interface Nonces {
  /** Refuses a nonce that is not ours or no longer good. */
  refuseStale(freshness: Freshness): void
  /** Refuses a sequence that this key has used under this nonce. Only for verified requests. */
  refuseReplay(keyid: string, freshness: Freshness): void
  make(): string
  /** The nonce itself while it is young; after that, a new one. */
  next(nonce: string): string
}

interface Seen {
  readonly madeAt: number
  highest: number
  /** Bit n is set where `highest - n` was used. */
  used: bigint
}

/** Nonces under a secret of this process: after a restart all are stale, and a repeat costs one trip. */
export function makeNonces(world: Pick<World, 'now' | 'random'>): Nonces {
  const secret = world.random(32)
  const seen = new Map<string, Seen>()
  const tagOf = (body: Buffer): Buffer =>
    createHmac('sha256', secret).update(body).digest().subarray(0, 12)
  const make = (): string => {
    const body = Buffer.alloc(15)
    body.writeUIntBE(world.now().getTime(), 0, 6)
    body.set(world.random(9), 6)
    return toBase64Url(Buffer.concat([body, tagOf(body)]))
  }
  const ageOf = (nonce: string): number => {
    const bytes = Buffer.from(nonce, 'base64url')
    const [body, tag] = [bytes.subarray(0, 15), bytes.subarray(15)]
    if (bytes.length !== 27 || !timingSafeEqual(tag, tagOf(body))) return Number.POSITIVE_INFINITY
    return Math.abs(world.now().getTime() - body.readUIntBE(0, 6))
  }
  const forgetOld = (): void => {
    const oldest = world.now().getTime() - nonceLifeMs
    for (const [name, { madeAt }] of seen) if (madeAt < oldest) seen.delete(name)
  }
  let sweptAt = 0
  return {
    make,
    next: nonce => (ageOf(nonce) < nonceLifeMs / 2 ? nonce : make()),
    refuseStale({ nonce }) {
      if (ageOf(nonce) < nonceLifeMs) return
      throw new ServerError('request/stale-nonce', 'cannot accept request: its nonce is stale')
    },
    refuseReplay(keyid, { nonce, sequence }) {
      const now = world.now().getTime()
      if (now - sweptAt > nonceLifeMs / 2) {
        forgetOld()
        sweptAt = now
      }
      const name = `${nonce} ${keyid}`
      // The age of a nonce ends with the nonce, so what is remembered of it can end as well.
      const state = seen.get(name) ?? { madeAt: now, highest: 0, used: 0n }
      refuseUsed(state, sequence)
      seen.set(name, state)
    },
  }
}

function refuseUsed(state: Seen, sequence: number): void {
  const ahead = sequence - state.highest
  if (ahead > 0) {
    const kept = ahead >= windowSize ? 0n : (state.used << BigInt(ahead)) & ((1n << 64n) - 1n)
    state.used = kept | 1n
    state.highest = sequence
    return
  }
  if (-ahead >= windowSize || (state.used & bitOf(ahead)) !== 0n) {
    throw new ServerError('request/replayed', 'cannot accept request: its sequence was used')
  }
  state.used |= bitOf(ahead)
}

function bitOf(ahead: number): bigint {
  return 1n << BigInt(-ahead)
}
