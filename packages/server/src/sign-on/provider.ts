import { toUtf8 } from '@steadfleet/base'
import { readCapped, type Transport } from '@steadfleet/protocol'
import type { Configuration, CustomFetch, IDToken } from 'openid-client'
import { ServerError } from '../error.ts'
import type { World } from '../world.ts'
import type { Asking } from './asking.ts'
import { isLoopbackName, readSignOn, type SignOnConfiguration } from './configuration.ts'

/** The longest document that a provider may answer with. */
const mostBytes = 1024 * 1024
/** Clocks of two machines differ by so much and still tell the same time. */
const tolerance = 30
/** How long what a provider says of itself is believed. */
const discoveredMs = 3_600_000

export type Claims = Readonly<Record<string, unknown>> & { readonly sub: string }

/** An OpenID provider; where it answers is found out when somebody first asks. */
export interface Provider {
  readonly configuration: SignOnConfiguration
  /** Where a browser goes. Errors: `sign-on/unreachable` */
  addressFor(asking: Asking, returnTo: string): Promise<string>
  /** Who came back, by claims that are verified. Errors: `sign-in/refused`, `sign-on/unreachable` */
  claimsIn(answer: URL, asking: Asking): Promise<Claims>
  /** Where a browser ends the provider’s own session; undefined where that has no such page. */
  endAddress(returnTo: string): Promise<string | undefined>
}

// It loads what signs and encrypts tokens of every kind: whoever does not use it does not wait for it.
const library = () => import('openid-client')

/** The provider that a data directory names; its configuration is read now, and the provider asked later. */
export async function openProvider({
  folder,
  signOn,
  world,
}: Places): Promise<Provider | undefined> {
  const configuration = await readSignOn(folder, signOn)
  return configuration && makeProvider(configuration, world)
}

interface Places {
  readonly folder: string
  /** The file that says which, where it is not the folder’s own. */
  readonly signOn?: string | undefined
  readonly world: Asks
}

type Asks = Pick<World, 'transport' | 'now'>

function makeProvider(configuration: SignOnConfiguration, world: Asks): Provider {
  let found: { readonly at: number; readonly of: Promise<Configuration> } | undefined
  const discovered = async (): Promise<Configuration> => {
    const now = world.now().getTime()
    if (!found || now - found.at > discoveredMs) {
      found = { at: now, of: discover(configuration, world.transport) }
      // Who did not answer is asked again by the next who comes.
      found.of.catch(() => {
        found = undefined
      })
    }
    return found.of
  }
  const scope = ['openid', ...(configuration.scopes ?? ['profile'])].join(' ')
  return {
    configuration,
    async addressFor({ state, nonce, verifier }, returnTo) {
      const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await library()
      const challenge = await calculatePKCECodeChallenge(verifier)
      const pkce = { code_challenge: challenge, code_challenge_method: 'S256' }
      const asked = { redirect_uri: returnTo, scope, state, nonce, ...pkce }
      return buildAuthorizationUrl(await discovered(), asked).href
    },
    async claimsIn(answer, { state, nonce, verifier }) {
      const { authorizationCodeGrant } = await library()
      const provider = await discovered()
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier }
      const tokens = await orRefused(() =>
        authorizationCodeGrant(provider, answer, { ...checks, idTokenExpected: true }),
      )
      const claims = tokens.claims()
      if (!claims) throw refused()
      return withGroups(provider, configuration, { claims, token: tokens.access_token })
    },
    async endAddress(returnTo) {
      const { buildEndSessionUrl } = await library()
      const provider = await discovered()
      if (provider.serverMetadata().end_session_endpoint === undefined) return undefined
      return buildEndSessionUrl(provider, { post_logout_redirect_uri: returnTo }).href
    },
  }
}

async function discover(
  { issuer, 'client-id': client, 'client-secret': secret }: SignOnConfiguration,
  transport: Transport,
): Promise<Configuration> {
  const openid = await library()
  const url = new URL(issuer)
  // The library leaves the signature to TLS where a token comes from the provider itself; we look at it.
  const execute = [openid.enableNonRepudiationChecks]
  if (isLoopbackName(url.hostname)) execute.push(openid.allowInsecureRequests)
  try {
    return await openid.discovery(
      url,
      client,
      { client_secret: secret, [openid.clockTolerance]: tolerance },
      undefined,
      { execute, timeout: 10, [openid.customFetch]: fetchBy(transport) },
    )
  } catch (cause) {
    throw unreachable(issuer, cause)
  }
}

/** Groups that the token does not tell are asked for; whoever answers must speak of the same account. */
async function withGroups(
  provider: Configuration,
  { roles }: SignOnConfiguration,
  { claims, token }: { readonly claims: IDToken; readonly token: string },
): Promise<Claims> {
  const { userinfo_endpoint: place } = provider.serverMetadata()
  if (!roles || Object.hasOwn(claims, roles.claim) || place === undefined) return claims
  const { fetchUserInfo } = await library()
  const more = await orRefused(() => fetchUserInfo(provider, token, claims.sub))
  return { ...more, ...claims }
}

/** What the library finds wrong helps whoever forges an answer: it is one refusal. */
async function orRefused<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    throw causeIn(cause) ?? refused(cause)
  }
}

function refused(cause?: unknown): ServerError {
  const message = 'cannot sign in: what the provider answered does not hold'
  return new ServerError('sign-in/refused', message, {}, { cause })
}

function causeIn(error: unknown): ServerError | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (one instanceof ServerError) return one
  }
  return undefined
}

function unreachable(where: string, cause: unknown): ServerError {
  const message = `cannot sign in by ${new URL(where).host}: it does not answer as an OpenID provider does (other ways in work on)`
  return new ServerError('sign-on/unreachable', message, {}, { cause })
}

/** The library’s requests by the server’s own carrier: bounded in time and length, and never redirected. */
function fetchBy(transport: Transport): CustomFetch {
  return async (url, { method, headers, body, signal }) => {
    try {
      const reply = await transport({
        ...{ method, url, headers, signal },
        body: body === undefined || body === null ? undefined : toUtf8(String(body)),
      })
      const bytes = await readCapped('the provider’s answer', reply.body, mostBytes)
      const { 'content-type': type = '' } = reply.headers
      const content = bytes.length > 0 ? Buffer.from(bytes) : null
      return new Response(content, { status: reply.status, headers: { 'content-type': type } })
    } catch (cause) {
      throw unreachable(url, cause)
    }
  }
}
