import { isCoded, parseStrictJson } from '@steadfleet/base'
import { parserOf } from '@steadfleet/domain'
import {
  type BodyOf,
  type ParamsOf,
  type Problem,
  problemType,
  type QueryOf,
  type ReplyOf,
  type RouteSpec,
  sessionPrefix,
  toProblem,
} from '@steadfleet/protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import { Convert } from 'typebox/value'
import { asDiskFull } from '../disk/full.ts'
import { ServerError } from '../error.ts'
import type { House } from '../house.ts'
import { actAs, type Write } from './acting.ts'
import { callerOf } from './authenticate.ts'
import { fleetOf } from './fleet-of.ts'
import { type Caller, refuseUnpermitted } from './permissions.ts'
import { isOfThisMachine } from './this-machine.ts'

/** What a deed is given: what the caller sent, checked, and who the caller is. */
export interface Call<S extends RouteSpec> {
  readonly params: ParamsOf<S>
  readonly query: QueryOf<S>
  readonly body: BodyOf<S>
  readonly caller: Caller
  /** Carries out a command in the caller’s name, so that the audit log says who. */
  readonly write: Write
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** The deed of a route. One that has sent its reply itself, as bytes or as a stream, answers `sent`. */
export type Deed<S extends RouteSpec> = (call: Call<S>) => Promise<ReplyOf<S> | typeof sent>

export const sent: unique symbol = Symbol('the reply is on its way')

/** Ties a route of the protocol to its deed: who may, what goes in, what comes out. */
export type Handle = <S extends RouteSpec>(route: S, deed: Deed<S>) => void

const anyone: Caller = { kind: 'anyone' }

/** The longest body, by who sends it: strangers are given little. */
const bodyLimits = { anyone: 64 * 1024, device: 8 * 1024 * 1024, person: 16 * 1024 * 1024 }

/** Ties each route that `handled` collects to its deed. */
export function makeHandle(
  house: House,
  app: FastifyInstance,
  handled: Set<RouteSpec> = new Set(),
): Handle {
  return (route, deed) => {
    handled.add(route)
    const read = readerOf(route)
    const check = typeof route.reply === 'string' ? undefined : parserOf('reply', route.reply)
    app.route({
      method: route.method,
      // Fastify knows one wildcard, and does not name it.
      url: route.path.replace(/\*[a-z]+$/, '*'),
      bodyLimit: bodyLimitOf(route),
      handler: async (request, reply) => {
        const caller = await callerFor(house, route, request)
        offerNonce(house, request, reply)
        await refuseUncalled(house, route, caller, request)
        const acting = actAs(house.store, route, { caller, request })
        const { write } = acting
        const answer = await deed({ ...read(request), caller, write, request, reply })
        await acting.finish()
        if (answer === sent) return reply
        if (answer === undefined) return reply.code(204).send()
        return reply.type('application/json').send(JSON.stringify(check?.(answer) ?? answer))
      },
    })
  }
}

async function callerFor(
  house: House,
  { needs }: RouteSpec,
  request: FastifyRequest,
): Promise<Caller> {
  return needs === 'anyone' ? anyone : callerOf(house, request)
}

async function refuseUncalled(
  { store }: House,
  route: RouteSpec,
  caller: Caller,
  request: FastifyRequest,
): Promise<void> {
  const isUnnamed = caller.kind === 'anyone' && route.isOpenToItsMachine === true
  if (isUnnamed && isOfThisMachine(request)) return
  await refuseUnpermitted(route, caller, () => fleetOf(store.db, request.params))
}

/** Every error becomes a problem here, and nowhere else; only what has no code is logged in full. */
export function sendProblem(house: House, app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = toProblem(fromFastify(error) ?? asDiskFull(error) ?? error)
    if (problem.status >= 500) request.log.error({ err: error }, 'cannot answer')
    else
      request.log[levelOf(problem, request)](
        { code: problem.type, url: pathOf(request) },
        'refused',
      )
    house.metrics.countRefusedRequest(problem.type)
    // Whoever is refused can name the line of the log that says more.
    reply.header('x-request-id', request.id)
    if (problem.status === 401) reply.header('steadfleet-nonce', house.nonces.make())
    return sendAsProblem(reply, problem)
  })
}

/**
 * What every client meets in the course of things is no news: a first request without a nonce, a delta
 * that there is not, and the root after the newest, which TUF's clients ask for until it is not there.
 * TUF §5.3.3
 */
function levelOf({ type }: Problem, request: FastifyRequest): 'debug' | 'info' {
  const isTried =
    type === 'content/unknown' && /\/[0-9]+\.root\.json$|^\/v1\/deltas\//.test(pathOf(request))
  return type === 'request/stale-nonce' || isTried ? 'debug' : 'info'
}

/** As bytes, since Fastify would add a charset to text, which JSON has none of. RFC 8259 §11 */
export function sendAsProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .type(problemType)
    .send(Buffer.from(JSON.stringify(problem)))
}

/** The path alone: what follows the question mark may be anything. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split('?')[0] ?? ''
}

/** What Fastify itself refuses, in our codes. */
const fastifyProblems: Readonly<Record<number, ServerError>> = {
  400: new ServerError('schema/mismatch', 'cannot read request'),
  413: new ServerError('request/too-large', 'cannot take request: its body is too long'),
  415: new ServerError('request/unsupported', 'cannot take request: no such content is read here'),
}

function fromFastify(error: unknown): unknown {
  if (isCoded(error) || !(error instanceof Error) || !('statusCode' in error)) return undefined
  return fastifyProblems[Number(error.statusCode)]
}

function bodyLimitOf({ needs }: RouteSpec): number {
  return needs === 'anyone' || needs === 'device' ? bodyLimits[needs] : bodyLimits.person
}

/** Each reply to a signed request says under which nonce to go on; a session has one for its life. */
function offerNonce({ nonces }: House, request: FastifyRequest, reply: FastifyReply): void {
  const input = request.headers['signature-input']
  if (typeof input === 'string' && input.includes(`keyid="${sessionPrefix}`)) return
  const used = typeof input === 'string' ? /nonce="([^".]*)\./.exec(input)?.[1] : undefined
  reply.header('steadfleet-nonce', used === undefined ? nonces.make() : nonces.next(used))
}

type Read<S extends RouteSpec> = (
  request: FastifyRequest,
) => Pick<Call<S>, 'params' | 'query' | 'body'>

function readerOf<S extends RouteSpec>(route: S): Read<S> {
  const params = textReader('path', route.params)
  const [, rest] = /\*([a-z]+)$/.exec(route.path) ?? []
  const query = textReader('query', route.query)
  const body = bodyReader(route.body)
  return request => ({
    params: params(named(request.params, rest)) as ParamsOf<S>,
    query: query(request.query) as QueryOf<S>,
    body: body(request.body) as BodyOf<S>,
  })
}

function named(params: unknown, rest: string | undefined): unknown {
  if (rest === undefined) return params
  const { '*': path, ...others } = params as Record<string, unknown>
  return { ...others, [rest]: path }
}

/** Paths and queries are text; what the schema wants as a number is made one. */
function textReader(name: string, schema: TSchema | undefined): (value: unknown) => unknown {
  if (!schema) return () => undefined
  const parse = parserOf(name, schema)
  return value => parse(Convert(schema, { ...(value as object) }))
}

function bodyReader(body: TSchema | 'bytes' | undefined): (value: unknown) => unknown {
  if (body === undefined) return () => undefined
  if (body === 'bytes') return value => toBytes(value)
  const parse = parserOf('body', body)
  return value => parse(parseStrictJson(toBytes(value)))
}

function toBytes(value: unknown): Uint8Array {
  return value instanceof Buffer
    ? new Uint8Array(value.buffer, value.byteOffset, value.length)
    : new Uint8Array()
}
