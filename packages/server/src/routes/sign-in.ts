import { toTimestamp } from '@steadfleet/domain'
import {
  addPasskey,
  askForNewPasskey,
  askForPasskey,
  listPasskeys,
  makeRecoveryCodes,
  type PasskeyView,
  removePasskey,
  signIn,
  signInByCode,
  signInByPasskey,
  signOut,
  type WayIn,
} from '@steadfleet/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { NewSession } from '../acts/sessions.ts'
import { ServerError } from '../error.ts'
import type { House } from '../house.ts'
import { originOf } from '../http/authenticate.ts'
import type { Handle } from '../http/handle.ts'
import {
  newPasskeyQuestion,
  openAnswer,
  openNewPasskey,
  partyOf,
  passkeyQuestion,
} from '../http/passkeys.ts'
import type { Caller } from '../http/permissions.ts'
import { hashOf, makeId, makeSecret } from '../http/secrets.ts'
import { endedCookie, refuseForeignPage, sessionCookie, sessionIn } from '../http/session.ts'
import { passkeysOf, passkeyWithId } from '../store/people-store.ts'
import type { PasskeyTable } from '../store/schema.ts'

/** How long a session lasts. A provider is asked again each day: it knows who has left. */
const sessionSeconds: Readonly<Record<WayIn, number>> = {
  ...{ link: 30 * 86_400, passkey: 30 * 86_400, code: 30 * 86_400 },
  'sign-on': 12 * 3600,
}
const codeCount = 8

/** How people sign in: by a one-time link, a passkey or a recovery code; and out. */
export function handleSignIn(handle: Handle, house: House): void {
  const { nonces, store } = house
  const party = (request: FastifyRequest) => partyOf(originOf(house, request))

  handle(signIn, ({ body, write, ...call }) =>
    come(house, call, 'link', ({ session, now }) =>
      write('redeemSignInToken', { hash: hashOf(body.token), session, now }),
    ),
  )

  handle(signInByCode, ({ body, write, ...call }) =>
    come(house, call, 'code', ({ session, now }) =>
      write('signInByCode', { hash: hashOf(plainCode(body.code)), session, now }),
    ),
  )

  handle(askForPasskey, async ({ request }) => passkeyQuestion(nonces, party(request)))

  handle(signInByPasskey, ({ body, write, ...call }) =>
    come(house, call, 'passkey', async ({ session, now }) => {
      const row = await passkeyWithId(store.db, body.id)
      if (!row) throw new ServerError('sign-in/refused', 'cannot sign in: nobody has this passkey')
      const held = { id: row.id, publicKey: row.public_key, counter: row.counter }
      const counter = await openAnswer(nonces, party(call.request), { answer: body, held })
      return write('signInByPasskey', { id: row.id, counter, session, now })
    }),
  )

  handle(signOut, async ({ request, reply, write }) => {
    const token = sessionIn(request)
    const ended = token && (await write('endSession', { hash: hashOf(token) }))
    reply.header('set-cookie', endedCookie)
    return { next: (ended && (await nextOf(house, ended.way, originOf(house, request)))) || null }
  })

  handleOwnWays(handle, house)
}

/** One’s own passkeys and recovery codes. */
function handleOwnWays(handle: Handle, house: House): void {
  const { nonces, store, world } = house
  const party = (request: FastifyRequest) => partyOf(originOf(house, request))

  handle(askForNewPasskey, async ({ caller, request }) => {
    const { id, name } = personIn(caller)
    const held = (await passkeysOf(store.db, id)).map(row => row.id)
    return newPasskeyQuestion(nonces, party(request), { id, name, held })
  })

  handle(addPasskey, async ({ body, caller, request, write }) => {
    const { id: person } = personIn(caller)
    const passkey = await openNewPasskey(nonces, party(request), body.passkey)
    const now = toTimestamp(world.now())
    await write('addPasskey', { ...passkey, person, name: body.name, now })
    return { id: passkey.id, name: body.name, madeAt: now, usedAt: null }
  })

  handle(listPasskeys, async ({ caller }) =>
    (await passkeysOf(store.db, personIn(caller).id)).map(toPasskeyView),
  )

  handle(removePasskey, async ({ params, caller, write }) => {
    await write('removePasskey', { person: personIn(caller).id, id: params.passkey })
    return undefined
  })

  handle(makeRecoveryCodes, async ({ caller, write }) => {
    const codes = Array.from({ length: codeCount }, () => drawCode(house))
    const hashes = codes.map(code => hashOf(plainCode(code)))
    await write('putRecoveryCodes', { person: personIn(caller).id, hashes })
    return { codes }
  })
}

interface Coming {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

type Begin = (given: {
  readonly session: NewSession
  readonly now: string
}) => Promise<{ name: string }>

/** Where a session ends that began at the provider; who cannot be asked is not waited for. */
async function nextOf({ signOn }: House, way: string, origin: string): Promise<string | undefined> {
  if (way !== 'sign-on') return undefined
  return signOn?.endAddress(`${origin}/`).catch(() => undefined)
}

/** Begins a session where `begin` lets somebody in; who fails too often is not listened to. */
export async function come(
  house: House,
  { request, reply }: Coming,
  way: WayIn,
  begin: Begin,
): Promise<{ name: string }> {
  refuseForeignPage(request, house.origins)
  const { text, hash } = makeSecret(house.world)
  const now = house.world.now()
  const seconds = sessionSeconds[way]
  const expiresAt = toTimestamp(new Date(now.getTime() + seconds * 1000))
  const session = { hash, expiresAt, way, ...placeOf(house, request) }
  const { name } = await house.attempts.attempt(request.ip, () =>
    begin({ session, now: toTimestamp(now) }),
  )
  reply.header('set-cookie', sessionCookie(text, originOf(house, request), seconds))
  return { name }
}

/** Where a session begins, as its person will see it in the list. */
function placeOf({ world }: House, { ip, headers }: FastifyRequest) {
  const agent = (headers['user-agent'] ?? '').slice(0, 200)
  return { id: makeId(world, 'ses'), address: ip, agent }
}

/** Who has ways in of their own: machines have keys and tokens instead. */
export function personIn(caller: Caller): { readonly id: string; readonly name: string } {
  if (caller.kind === 'person' && caller.person !== undefined) {
    return { id: caller.person, name: caller.name }
  }
  throw new ServerError('request/not-permitted', 'cannot answer: this is for people alone')
}

const letters = 'abcdefghjkmnpqrstuvwxyz23456789'

/** Twenty letters that are not mistaken for each other, in fours: 98 bits. */
function drawCode({ world }: House): string {
  const drawn: string[] = []
  while (drawn.length < 20) {
    // A byte above the last whole multiple would make some letters likelier.
    const usable = [...world.random(32)].filter(byte => byte < letters.length * 8)
    drawn.push(...usable.map(byte => letters[byte % letters.length] ?? ''))
  }
  return (drawn.slice(0, 20).join('').match(/.{4}/g) ?? []).join('-')
}

/** A code as it is hashed: people type spaces and capitals. */
function plainCode(typed: string): string {
  return typed.toLowerCase().replace(/[^a-z0-9]/g, '')
}

function toPasskeyView({ id, name, made_at, used_at }: PasskeyTable): PasskeyView {
  return { id, name, madeAt: made_at, usedAt: used_at }
}
