import { toTimestamp } from '@steadfleet/domain'
import {
  createSignInLink,
  everyFleet,
  health,
  openApiDocument,
  serverEvents,
  signIn,
  signOut,
  toLogLine,
  toOpenApi,
  whoAmI,
} from '@steadfleet/protocol'
import type { FastifyRequest } from 'fastify'
import { nudged } from '../announce.ts'
import type { House } from '../house.ts'
import { originOf } from '../http/authenticate.ts'
import { type Handle, sent } from '../http/handle.ts'
import { nameOf, seenBy } from '../http/permissions.ts'
import { hashOf, makeId, makeSecret } from '../http/secrets.ts'
import { endedCookie, sessionCookie, sessionIn } from '../http/session.ts'
import { serverVersion } from '../version.ts'

const sessionSeconds = 30 * 86_400
const linkSeconds = 3600

/** People: how they sign in and out, and what tells them that something changed. */
export function handlePeople(handle: Handle, house: House): void {
  const { world } = house
  const inSeconds = (seconds: number): string =>
    toTimestamp(new Date(world.now().getTime() + seconds * 1000))

  handle(createSignInLink, async ({ caller, write }) => {
    const { text, hash } = makeSecret(world)
    const expiresAt = inSeconds(linkSeconds)
    const roles = [{ fleet: everyFleet, role: 'administrator' }]
    const now = toTimestamp(world.now())
    const person = { id: makeId(world, 'per'), name: nameOf(caller), roles, now }
    await write('createSignInToken', { hash, person, expiresAt })
    return { token: text, expiresAt }
  })

  handle(signIn, async ({ body, request, reply, write }) => {
    const { text, hash } = makeSecret(world)
    const { name } = await write('redeemSignInToken', {
      hash: hashOf(body.token),
      session: { hash, expiresAt: inSeconds(sessionSeconds), ...placeOf(house, request) },
      now: toTimestamp(world.now()),
    })
    reply.header('set-cookie', sessionCookie(text, originOf(house, request), sessionSeconds))
    return { name }
  })

  handle(signOut, async ({ request, reply, write }) => {
    const token = sessionIn(request)
    if (token !== undefined) await write('endSession', { hash: hashOf(token) })
    reply.header('set-cookie', endedCookie)
    return undefined
  })

  handle(whoAmI, async ({ caller }) => ({
    name: nameOf(caller),
    roles: caller.kind === 'person' ? Object.fromEntries(caller.roles) : {},
    owner: house.facts.owner,
    log: toLogLine(house.owner.policy().signed.log),
    version: serverVersion,
  }))

  handle(serverEvents, async ({ caller, reply }) => {
    reply.hijack()
    house.streams.open(seenBy(caller) ? nudged : 'people', reply.raw, () => undefined)
    return sent
  })

  handle(health, async () => {
    const signer = house.isSignerThere()
    return { ok: signer, version: serverVersion, signer }
  })

  handle(openApiDocument, async () => toOpenApi(serverVersion))
}

/** Where a session begins, as its person will see it in the list. */
function placeOf({ world }: House, { ip, headers }: FastifyRequest) {
  const agent = (headers['user-agent'] ?? '').slice(0, 200)
  return { id: makeId(world, 'ses'), address: ip, agent }
}
