import { TrustError } from '@steadfleet/trust'
import { ServerError } from '../error.ts'

/** Two refusals have names of their own for publishers, who know no delegations. */
export function inPublishersWords<T>(act: () => T): T {
  try {
    return act()
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause
    const { message, details } = cause
    if (cause.code === 'trust/changed-release') {
      throw new ServerError('release/exists', message, details, { cause })
    }
    if (cause.code === 'trust/not-delegated') {
      throw new ServerError('release/outside-name-space', message, details, { cause })
    }
    throw cause
  }
}
