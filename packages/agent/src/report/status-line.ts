import { type AppStatus, toTimestamp } from '@steadfleet/domain'
import { currentGeneration } from '../change/generations.ts'
import { type RejectedLine, sayRejected } from '../change/rejected-data.ts'
import type { AgentOptions, Parts } from '../parts.ts'
import { identityOf } from '../say/open-api.ts'
import { adoptionsOf, toMessage } from '../trust/adoption.ts'
import { disallowedOf, toDisallowedMessage } from '../trust/disallowed.ts'

/** What `agent.sock` says. */
export interface StatusLine {
  readonly device: string
  readonly name: string
  readonly origin: string
  readonly log: string
  readonly counter: number
  readonly generation: number
  readonly state: string
  readonly packages: readonly string[]
  readonly apps: readonly AppStatus[]
  /** Packages that have another publisher by the owner's policy, in words. */
  readonly adopted: readonly string[]
  /** What runs on though the owner's policy lets nothing new of it in, in words. */
  readonly disallowed: readonly string[]
  /** Data that the device went back from, and until when it is kept. */
  readonly rejected: readonly RejectedLine[]
  readonly at: string
}

export async function statusLine(
  { paths, world }: Pick<AgentOptions, 'paths' | 'world'>,
  parts: Parts,
): Promise<StatusLine> {
  const { stores, trust, journal, apps } = parts
  const current = await currentGeneration(paths)
  const { state } = journal
  return {
    ...identityOf(parts),
    generation: current.number,
    state: state.change?.state ?? state.standing,
    packages: current.packages.map(one => `${one.package} ${one.revision}`),
    apps: [...apps.status()],
    adopted: adoptionsOf(trust).map(toMessage),
    disallowed: disallowedOf(trust.heldPolicy, current.packages).map(toDisallowedMessage),
    rejected: await sayRejected(stores.paths, stores.grace),
    at: toTimestamp(world.now()),
  }
}
