import { CodedError, fromUtf8, isCoded, toUtf8 } from '@steadfleet/base'
import {
  type ClientSession,
  type ClientSessions,
  holdSession,
  isOver,
  makeClientSession,
  type SessionKeys,
} from './client-session.ts'
import { readEvents, type ServerEvent } from './events.ts'
import { type ProblemError, parseProblem } from './problem.ts'
import type { BodyOf, ParamsOf, QueryOf, ReplyOf, RouteSpec } from './route.ts'
import { openDeviceSession } from './routes/devices.ts'
import type { Freshness, RequestSigner, SignatureHeaders, SignedParts } from './signature.ts'

export type ClientErrorCode = 'reply/malformed' | 'reply/too-large'

/** Raised when a reply is not what its route says. A refusal by the server is a ProblemError. */
export class ClientError extends CodedError<ClientErrorCode> {}

export interface TransportRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | undefined
  readonly signal?: AbortSignal | undefined
}

export interface TransportReply {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: AsyncIterable<Uint8Array>
}

/** Carries one request and throws only where no reply came; a status is never an exception here. */
export type Transport = (request: TransportRequest) => Promise<TransportReply>

export interface ClientOptions {
  /** The server's public origin, `http://127.0.0.1:7117`: what is signed is under it. */
  readonly origin: string
  readonly transport: Transport
  /** How requests are signed: `{...signer, signRequest}`; absent in a browser, which has a cookie. */
  readonly signing?: Signing | undefined
  /** The longest JSON reply that is read, in bytes. */
  readonly limit?: number
}

/** A signer and the profile it signs by; two members, so that a browser's client holds no crypto. */
export interface Signing {
  readonly signer: RequestSigner
  readonly signRequest: (
    parts: SignedParts,
    freshness: Freshness,
    signer: RequestSigner,
  ) => Promise<SignatureHeaders>
  /** Of a device: the keys of sessions, in which its own routes are signed. */
  readonly sessions?: SessionKeys | undefined
}

type Given<Key extends string, T> = T extends undefined
  ? { readonly [K in Key]?: undefined }
  : Partial<T> extends T
    ? { readonly [K in Key]?: T }
    : { readonly [K in Key]: T }

/** What a call of route `S` is given: just what the route declares, and no more. */
export type CallOf<S extends RouteSpec> = Given<'params', ParamsOf<S>> &
  Given<'query', QueryOf<S>> &
  Given<'body', BodyOf<S>> & {
    readonly headers?: Readonly<Record<string, string>>
    readonly signal?: AbortSignal | undefined
  }

/** Speaks to one server, route by route. It holds the nonce and sequence of its own requests. */
export interface Client {
  /** Calls a route that replies JSON or nothing. */
  call<S extends RouteSpec>(route: S, given: CallOf<S>): Promise<ReplyOf<S>>
  /** Calls a route that replies bytes; the reply is a success, and its body is not read yet. */
  open<S extends RouteSpec>(route: S, given: CallOf<S>): Promise<TransportReply>
  /** Follows a stream of events until it ends or its signal aborts it. */
  follow<S extends RouteSpec>(route: S, given: CallOf<S>): AsyncIterable<ServerEvent>
}

interface LooseCall {
  readonly params?: unknown
  readonly query?: unknown
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

const usualLimit = 16 * 1024 * 1024

/** A client of the server at `options.origin`. */
export function makeClient(options: ClientOptions): Client {
  const send = makeSender(options)
  const { limit = usualLimit } = options
  return {
    async call<S extends RouteSpec>(route: S, given: CallOf<S>): Promise<ReplyOf<S>> {
      const reply = await send(route, given)
      const body = await readText(reply.body, limit)
      return (route.reply === 'nothing' ? undefined : readJson(route, body)) as ReplyOf<S>
    },
    open: send,
    async *follow(route, given) {
      const headers = { accept: 'text/event-stream', ...given.headers }
      yield* readEvents((await send(route, { ...given, headers })).body)
    },
  }
}

type Send = (route: RouteSpec, given: LooseCall) => Promise<TransportReply>

/** Sends in a session where there is one to be had, else by the caller's own key. */
function makeSender(options: ClientOptions): Send {
  const sendOnce = makeOnce(options)
  const sendByKey = makeKeySender(sendOnce, options.signing)
  const sessions = sessionsOf(options, sendByKey)

  let turn: Promise<unknown> = Promise.resolve()
  // One after the other, each once the one before is answered: sequences rise, and none is overtaken on its way.
  function sendIn(session: ClientSession, route: RouteSpec, given: LooseCall) {
    const { signing } = options
    const sign = async (parts: SignedParts) =>
      signing?.signRequest(parts, session.next(), session.signer) ?? {}
    const sent = turn.then(() => {
      given.signal?.throwIfAborted()
      return sendOnce(route, given, sign)
    })
    turn = sent.catch(() => undefined)
    return sent
  }

  return async (route, given) => {
    const session = await sessions?.of(route)
    if (!session) return (await sendByKey(route, given)).reply
    try {
      return await sendIn(session, route, given)
    } catch (error) {
      if (!isOver(error)) throw error
      sessions?.forget(session)
      const next = await sessions?.of(route)
      return next ? sendIn(next, route, given) : (await sendByKey(route, given)).reply
    }
  }
}

type Once = (
  route: RouteSpec,
  given: LooseCall,
  sign: (parts: SignedParts) => Promise<SignatureHeaders>,
  adopt?: (offered: string | undefined) => void,
) => Promise<TransportReply>

/** Sends one request; a refusal is thrown. */
function makeOnce({ origin, transport }: ClientOptions): Once {
  return async (route, given, sign, adopt) => {
    const parts = {
      method: route.method,
      targetUri: origin + pathOf(route, given.params, given.query),
      body: bodyOf(route, given.body),
    }
    const headers = await sign(parts)
    const reply = await transport({
      method: parts.method,
      url: parts.targetUri,
      headers: { ...headersOf(route, parts.body), ...given.headers, ...headers },
      body: parts.body,
      signal: given.signal,
    })
    adopt?.(reply.headers['steadfleet-nonce'])
    if (reply.status < 400) return reply
    throw await problemIn(reply)
  }
}

type SendByKey = (
  route: RouteSpec,
  given: LooseCall,
) => Promise<{ readonly reply: TransportReply; readonly nonce: string }>

/** Signs with the caller's key, and once more where the nonce was stale: the refusal brought a fresh one. */
function makeKeySender(sendOnce: Once, signing: Signing | undefined): SendByKey {
  const nextFreshness = makeFreshness()
  const send: SendByKey = async (route, given) => {
    if (!signing || (route.needs === 'anyone' && route.method === 'GET')) {
      return { reply: await sendOnce(route, given, async () => ({})), nonce: '' }
    }
    const { used, adopt } = nextFreshness()
    const sign = (parts: SignedParts) => signing.signRequest(parts, used, signing.signer)
    return { reply: await sendOnce(route, given, sign, adopt), nonce: used.nonce }
  }
  return async (route, given) => {
    try {
      return await send(route, given)
    } catch (error) {
      if (!isCoded(error, 'request/stale-nonce')) throw error
      return send(route, given)
    }
  }
}

/** The half of a session that is on the wire: the request that opens it is signed by the device's key. */
function sessionsOf(
  { signing, origin, limit = usualLimit }: ClientOptions,
  sendByKey: SendByKey,
): ClientSessions | undefined {
  if (!signing?.sessions) return undefined
  const { signer, sessions } = signing
  return holdSession(async () => {
    const { publicKey, accept } = sessions.offer()
    const { reply, nonce } = await sendByKey(openDeviceSession, { body: { key: publicKey } })
    const text = await readText(reply.body, limit)
    const { session, key } = readJson(openDeviceSession, text) as ReplyOf<typeof openDeviceSession>
    const terms = { origin, device: signer.keyid, nonce, session, serverKey: key }
    return makeClientSession(accept(terms), nonce)
  })
}

interface UsedFreshness {
  readonly used: Freshness
  /** Takes over the nonce a reply offers, unless another reply brought a newer one meanwhile. */
  readonly adopt: (offered: string | undefined) => void
}

function makeFreshness(): () => UsedFreshness {
  let freshness: Freshness = { nonce: 'none', sequence: 0 }
  return () => {
    const used = { nonce: freshness.nonce, sequence: freshness.sequence + 1 }
    freshness = used
    return {
      used,
      adopt: offered => {
        if (!offered || offered === used.nonce || used.nonce !== freshness.nonce) return
        freshness = { nonce: offered, sequence: 0 }
      },
    }
  }
}

/** The path of a call, with its parameters filled in and its query in the order declared. */
export function pathOf(route: RouteSpec, params: unknown, query: unknown): string {
  const given = membersOf(params)
  const path = route.path.replace(/([:*])([a-z]+)/g, (_, kind: string, name: string) => {
    const value = given[name]
    if (value === undefined) throw new TypeError(`${route.path} needs the parameter ${name}`)
    if (kind === '*') return String(value).split('/').map(encodeURIComponent).join('/')
    // A colon is allowed in a path segment, and digests read better with it. RFC 3986 §3.3
    return encodeURIComponent(String(value)).replaceAll('%3A', ':')
  })
  const pairs = Object.entries(membersOf(query)).filter(([, value]) => value !== undefined)
  const search = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))
  return pairs.length === 0 ? path : `${path}?${search}`
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function bodyOf(route: RouteSpec, body: unknown): Uint8Array | undefined {
  if (route.body === undefined) return undefined
  if (body instanceof Uint8Array) return body
  return toUtf8(JSON.stringify(body))
}

function headersOf(route: RouteSpec, body: Uint8Array | undefined): Record<string, string> {
  if (!body) return {}
  const type = route.body === 'bytes' ? 'application/octet-stream' : 'application/json'
  return { 'content-type': type, 'content-length': String(body.length) }
}

async function problemIn(reply: TransportReply): Promise<ProblemError> {
  return parseProblem(reply.status, await readText(reply.body, 64 * 1024))
}

async function readText(body: AsyncIterable<Uint8Array>, limit: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > limit) {
      throw new ClientError('reply/too-large', `cannot read reply: over ${limit} bytes`, { limit })
    }
    chunks.push(chunk)
  }
  return fromUtf8(concat(chunks, length))
}

function concat(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

function readJson(route: RouteSpec, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const message = `cannot read reply of ${route.method} ${route.path}: no JSON`
    throw new ClientError('reply/malformed', message, {}, { cause })
  }
}
