import { isDeepStrictEqual } from 'node:util'
import { toTimestamp } from '@steadfleet/domain'
import {
  addSignOn,
  beginConnecting,
  beginSignOn,
  getSignOn,
  listSignOns,
  removeSignOn,
  signInBySignOn,
} from '@steadfleet/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { notAdmitted } from '../acts/sign-on.ts'
import { ServerError } from '../error.ts'
import type { House } from '../house.ts'
import type { Write } from '../http/acting.ts'
import { originOf } from '../http/authenticate.ts'
import type { Handle } from '../http/handle.ts'
import { makeId, makeSecret } from '../http/secrets.ts'
import { cookieIn, refuseForeignPage } from '../http/session.ts'
import { type Asking, beginAsking, type Purpose, resumeAsking } from '../sign-on/asking.ts'
import type { Claims, Provider } from '../sign-on/provider.ts'
import { nameIn, rolesIn } from '../sign-on/whom.ts'
import { personOfAccount, rolesOfPerson, signOnsOf } from '../store/people-store.ts'
import { toSignOnView } from '../views/people.ts'
import { come, personIn } from './sign-in.ts'

const cookieName = 'steadfleet-sign-on'
/** So long somebody may take at the provider: as long as a nonce of ours is good. */
const cookieSeconds = 600

/** How people sign in by an OpenID provider, and which of its accounts are theirs. */
export function handleSignOn(handle: Handle, house: House): void {
  handle(getSignOn, async () => ({ name: house.signOn?.configuration.name ?? null }))

  handle(beginSignOn, async call => {
    refuseForeignPage(call.request, house.origins)
    return begin(house, call, 'in')
  })

  handle(signInBySignOn, ({ body, write, ...call }) =>
    come(house, call, 'sign-on', async ({ session, now }) => {
      const { account, claims, provider } = await resume(house, call.request, {
        ...{ purpose: 'in', answer: body.answer },
      })
      const roles = rolesIn(provider.configuration, claims)
      await followGroups(house, write, { account, roles })
      const name = nameIn(claims)
      const admits = roles?.length
        ? { id: makeId(house.world, 'per'), name, roles, now }
        : undefined
      const id = makeId(house.world, 'acc')
      return write('signInBySignOn', { id, account, admits, session, now })
    }),
  )

  handleOwnAccounts(handle, house)
}

function handleOwnAccounts(handle: Handle, house: House): void {
  const { store, world } = house

  handle(beginConnecting, async call => begin(house, call, `connect:${personIn(call.caller).id}`))

  handle(addSignOn, async ({ body, caller, request, write }) => {
    const { id: person } = personIn(caller)
    const purpose: Purpose = `connect:${person}`
    const { account } = await resume(house, request, { purpose, answer: body.answer })
    const [id, now] = [makeId(world, 'acc'), toTimestamp(world.now())]
    await write('addSignOn', { id, person, account, now })
    return toSignOnView({ id, ...account, person, by_groups: 0, made_at: now })
  })

  handle(listSignOns, async ({ caller }) =>
    (await signOnsOf(store.db, personIn(caller).id)).map(toSignOnView),
  )

  handle(removeSignOn, async ({ params, caller, write }) => {
    await write('removeSignOn', { person: personIn(caller).id, id: params.account })
    return undefined
  })
}

interface Coming {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** Sends a browser to the provider, and gives it the secret by which its answer will be known as its own. */
async function begin(house: House, { request, reply }: Coming, purpose: Purpose) {
  const provider = providerOf(house)
  const origin = originOf(house, request)
  const { text } = makeSecret(house.world)
  const url = await provider.addressFor(
    beginAsking(house.nonces, text, purpose),
    `${origin}/sign-on`,
  )
  const secure = origin.startsWith('https:') ? '; Secure' : ''
  const kept = `Path=/v1/; HttpOnly; SameSite=Strict; Max-Age=${cookieSeconds}${secure}`
  reply.header('set-cookie', `${cookieName}=${text}; ${kept}`)
  return { url }
}

/** Who came back from the provider to this browser, for what it went there. */
async function resume(
  house: House,
  request: FastifyRequest,
  { purpose, answer }: { readonly purpose: Purpose; readonly answer: string },
) {
  const provider = providerOf(house)
  const address = new URL(`${originOf(house, request)}/sign-on?${answer.replace(/^\?/, '')}`)
  const state = address.searchParams.get('state') ?? ''
  const secret = cookieIn(request, cookieName)
  const asking: Asking = resumeAsking(house.nonces, secret, { purpose, state })
  const claims = await provider.claimsIn(address, asking)
  return { provider, claims, account: accountIn(provider, claims) }
}

function accountIn({ configuration }: Provider, { sub }: Claims) {
  return { issuer: configuration.issuer, subject: sub }
}

/** Before somebody comes in again: what their groups make them now. Who is nothing any more is out. */
async function followGroups(
  { store }: House,
  write: Write,
  {
    account,
    roles,
  }: {
    readonly account: { readonly issuer: string; readonly subject: string }
    readonly roles: ReturnType<typeof rolesIn>
  },
): Promise<void> {
  const held = await personOfAccount(store.db, account)
  if (!held?.by_groups) return
  const { person } = held
  const before = Object.fromEntries(await rolesOfPerson(store.db, person))
  const now = Object.fromEntries((roles ?? []).map(({ fleet, role }) => [fleet, role]))
  if (!isDeepStrictEqual(before, now)) await write('followGroups', { person, roles: roles ?? [] })
  if (!roles?.length) throw notAdmitted()
}

function providerOf({ signOn }: House): Provider {
  if (signOn) return signOn
  throw new ServerError('sign-on/none', 'cannot sign in so: no OpenID provider is configured here')
}
