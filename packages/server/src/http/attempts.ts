import { isCoded } from '@steadfleet/base'
import { ServerError } from '../error.ts'
import type { World } from '../world.ts'

const windowMs = 60_000
/** So many refused attempts in a minute from one address; further ones are not looked at. */
const mostRefused = 20
/** So many addresses are remembered; whoever has more than that has no need to guess here. */
const mostAddresses = 10_000

/** Refused attempts to sign in, by address: who guesses is slowed down, and who succeeds is not. */
export interface Attempts {
  /** Runs an attempt, or refuses it where too many before were. Errors: `request/too-many` */
  attempt<T>(address: string, run: () => Promise<T>): Promise<T>
}

export function makeAttempts({ now }: Pick<World, 'now'>): Attempts {
  const refused = new Map<string, { until: number; count: number }>()
  const countAt = (address: string): number => {
    const held = refused.get(address)
    return held && held.until > now().getTime() ? held.count : 0
  }
  const note = (address: string): void => {
    const count = countAt(address) + 1
    const until = count === 1 ? now().getTime() + windowMs : (refused.get(address)?.until ?? 0)
    refused.delete(address)
    refused.set(address, { until, count })
    const [oldest] = refused.keys()
    if (refused.size > mostAddresses && oldest !== undefined) refused.delete(oldest)
  }
  return {
    async attempt(address, run) {
      if (countAt(address) >= mostRefused) {
        throw new ServerError('request/too-many', 'cannot sign in now: too many were refused')
      }
      try {
        return await run()
      } catch (error) {
        // Who is a stranger to a provider that is away has guessed nothing.
        if (!isCoded(error) || error.code !== 'sign-on/unreachable') note(address)
        throw error
      }
    },
  }
}
