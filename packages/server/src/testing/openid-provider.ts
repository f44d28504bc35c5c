import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Context, Provider } from 'oidc-provider'

/** A certified OpenID provider in this process, where `account` is who sits at each browser. */
export interface TestProvider extends AsyncDisposable {
  readonly issuer: string
  account: { sub: string; [claim: string]: unknown }
  /** Walks a browser of its own through the provider; the query with which it is sent back. */
  visit(url: string): Promise<string>
  /** A token of these claims, by the provider’s own key unless told otherwise. */
  token(claims: object, header?: object, key?: KeyObject | null): string
}

export const clientId = 'steadfleet'
export const clientSecret = 'a secret of this test, and long enough'

/** Opens a provider that sends browsers back to `origin`. */
export async function openTestProvider(origin: string): Promise<TestProvider> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const jwk = {
    ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
    ...{ kid: 'one', use: 'sig', alg: 'ES256' },
  }
  const own = createPrivateKey({ key: jwk, format: 'jwk' })
  const it: TestProvider = {
    issuer,
    account: { sub: 'nobody' },
    visit: url => walk(url, origin),
    token: (claims, header = {}, key = own) =>
      toToken({ alg: 'ES256', kid: 'one', typ: 'JWT', ...header }, claims, key),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  const provider = quietly(
    () =>
      new Provider(
        issuer,
        settings(origin, jwk, () => it.account),
      ),
  )
  const answer = provider.callback()
  server.on('request', async (request, reply) => {
    if (!request.url?.startsWith('/interaction/')) return answer(request, reply)
    await provider.interactionFinished(request, reply, { login: { accountId: it.account.sub } })
  })
  return it
}

function settings(origin: string, jwk: object, account: () => { sub: string }) {
  return {
    clients: [
      {
        ...{ client_id: clientId, client_secret: clientSecret },
        redirect_uris: [`${origin}/sign-on`],
        post_logout_redirect_uris: [`${origin}/`],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [jwk] },
    cookies: { keys: ['of this test'] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
    ttl: { Session: 60, Grant: 60, Interaction: 60, AccessToken: 60, IdToken: 60 },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount: (_: unknown, accountId: string) => ({ accountId, claims: () => account() }),
    async loadExistingGrant({ oidc: { provider, session, client } }: Context) {
      const { clientId, accountId } = { ...client, ...session }
      const grant = new provider.Grant({ clientId, accountId })
      grant.addOIDCScope('openid profile')
      await grant.save()
      return grant
    },
  }
}

/** It warns of what a test means to do. */
function quietly<T>(make: () => T): T {
  const { warn, info } = console
  console.warn = () => undefined
  console.info = () => undefined
  try {
    return make()
  } finally {
    Object.assign(console, { warn, info })
  }
}

/** A browser that keeps cookies and follows redirects, until it is sent home. */
async function walk(start: string, home: string): Promise<string> {
  const cookies = new Map<string, string>()
  let url = start
  for (let hops = 0; hops < 10; hops += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const reply = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const one of reply.headers.getSetCookie()) {
      const [name = '', value = ''] = one.split(';')[0]?.split(/=(.*)/) ?? []
      cookies.set(name, value)
    }
    const location = reply.headers.get('location')
    if (location === null) throw new Error(`stopped at ${url}: ${await reply.text()}`)
    url = new URL(location, url).href
    if (url.startsWith(`${home}/sign-on`)) return new URL(url).search
  }
  throw new Error('sent round in a circle')
}

function toToken(header: object, claims: object, key: KeyObject | null): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part(header)}.${part(claims)}`
  if (key === null) return `${signed}.`
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}
