import type { Server } from 'node:http'
import { toTimestamp } from '@steadfleet/domain'
import { toLogLine } from '@steadfleet/protocol'
import { currentGeneration } from '../change/generations.ts'
import { sayRejected } from '../change/rejected-data.ts'
import type { AgentOptions, Parts } from '../parts.ts'
import { serveApi } from './api-server.ts'
import { handlersFor, type Local } from './handlers.ts'

/** Opens the device's own interface over the parts of an agent. */
export function openApi(
  { paths, world, group }: AgentOptions,
  parts: Parts,
  acts: Pick<Local, 'revert' | 'retry' | 'failedBefore'>,
): Promise<Server[]> {
  const { say, apps, journal, refusals, stores } = parts
  const handlers = handlersFor({
    say,
    apps,
    ...acts,
    identity: () => identityOf(parts),
    state: () => journal.state,
    current: () => currentGeneration(paths),
    keeping: parts.keeping,
    rejected: () => sayRejected(stores.paths, stores.grace),
    trouble: () => {
      const { last } = refusals
      return last && { message: last.message, at: toTimestamp(last.at) }
    },
  })
  return serveApi({ paths, world, handlers, group })
}

/** Who the device is, whose, and by which order. */
export function identityOf({ enrolment, identity, trust }: Parts): ReturnType<Local['identity']> {
  const { name, origin } = enrolment
  const log = trust.versions.policy > 0 ? toLogLine(trust.policy.log) : enrolment.log
  return { device: identity.device, name, origin, log, counter: trust.counter }
}
