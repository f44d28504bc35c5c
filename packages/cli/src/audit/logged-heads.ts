import { emptyFrontier } from '@steadfleet/authority'
import { type AuditHead, auditHeadIn, makeClient } from '@steadfleet/protocol'
import type { LogPolicy } from '@steadfleet/trust'
import { overFetch } from '../fleet/connect.ts'
import type { Home } from '../fleet/home.ts'
import { followLog } from '../log/follow-log.ts'

/** The heads of the audit log that the transparency log holds. */
export interface LoggedHeads {
  readonly heads: readonly AuditHead[]
  /** Of the tree that was read, every entry of it, and that its witnesses have cosigned. */
  readonly size: number
}

/**
 * Reads the whole log, and takes no word of the server for it: the leaves must make the tree that the log and
 * its witnesses signed. Errors: those of following a log.
 */
export async function loggedHeads(
  { server }: Pick<Home, 'server'>,
  policy: LogPolicy,
  interrupted?: AbortSignal,
): Promise<LoggedHeads> {
  const client = makeClient({ origin: server, transport: overFetch(interrupted) })
  const begin = { checkpoint: undefined, frontier: emptyFrontier }
  const look = await followLog(client, policy, begin, (_, leaf) => auditHeadIn(leaf))
  const heads = look.found.filter(head => head !== undefined)
  return { heads, size: look.followed.checkpoint?.size ?? 0 }
}
