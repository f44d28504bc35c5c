import {
  health,
  openApiDocument,
  readiness,
  serverEvents,
  toLogLine,
  toOpenApi,
  whoAmI,
} from '@steadfleet/protocol'
import { topicFor } from '../announce.ts'
import { ServerError } from '../error.ts'
import type { House } from '../house.ts'
import { type Handle, sent } from '../http/handle.ts'
import { nameOf, seenBy } from '../http/permissions.ts'
import { serverVersion } from '../version.ts'

/** The server itself: whom it talks to, how it is, what it can be asked, and what changes. */
export function handleServer(handle: Handle, house: House): void {
  handle(whoAmI, async ({ caller }) => ({
    name: nameOf(caller),
    roles: caller.kind === 'person' ? Object.fromEntries(caller.roles) : {},
    owner: house.facts.owner,
    log: toLogLine(house.owner.policy().signed.log),
    version: serverVersion,
  }))

  handle(serverEvents, async ({ caller, reply }) => {
    reply.hijack()
    house.streams.open(topicFor(seenBy(caller)), reply.raw, () => undefined)
    return sent
  })

  handle(health, async () => {
    const signer = house.isSignerThere()
    return { ok: signer, version: serverVersion, signer }
  })

  handle(readiness, async () => {
    await house.store.db.selectFrom('fact').select('name').limit(1).execute().catch(notReady)
    if (!house.isSignerThere()) notReady()
    return { ready: true as const }
  })

  handle(openApiDocument, async () => toOpenApi(serverVersion))
}

/** Why is in the log, and for whoever runs the server; a stranger hears that it is so. */
function notReady(cause?: unknown): never {
  const message = 'cannot take requests now: the database or the signer is away'
  throw new ServerError('server/not-ready', message, {}, { cause })
}
