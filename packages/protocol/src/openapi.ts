import type { TSchema } from 'typebox'
import { problemStatus } from './problem.ts'
import type { RouteSpec } from './route.ts'
import * as audit from './routes/audit.ts'
import * as catalogues from './routes/catalogues.ts'
import * as ceremony from './routes/ceremony.ts'
import * as content from './routes/content.ts'
import * as devices from './routes/devices.ts'
import * as failures from './routes/failures.ts'
import * as fleet from './routes/fleet.ts'
import * as grants from './routes/grants.ts'
import * as health from './routes/health.ts'
import * as isolation from './routes/isolation.ts'
import * as log from './routes/log.ts'
import * as mud from './routes/mud.ts'
import * as notices from './routes/notices.ts'
import * as people from './routes/people.ts'
import * as releases from './routes/releases.ts'
import * as security from './routes/security.ts'
import * as server from './routes/server.ts'
import * as settings from './routes/settings.ts'
import * as signIn from './routes/sign-in.ts'
import * as signOn from './routes/sign-on.ts'

/** Every route there is, by name. */
export const routes: Readonly<Record<string, RouteSpec>> = {
  ...audit,
  ...catalogues,
  ...ceremony,
  ...content,
  ...devices,
  ...failures,
  ...fleet,
  ...health,
  ...isolation,
  ...grants,
  ...log,
  ...mud,
  ...notices,
  ...people,
  ...releases,
  ...security,
  ...server,
  ...settings,
  ...signIn,
  ...signOn,
}

/** The routes as an OpenAPI 3.1 document, whose schemas are JSON Schema as the routes hold them. */
export function toOpenApi(version: string): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [name, route] of Object.entries(routes)) {
    const path = route.path.replace(/[:*]([a-z]+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: toOperation(name, route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Steadfleet',
      version,
      description: 'Requests of devices and machines are signed: see docs/formats/requests.md.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: { schemas: { Problem: problemSchema }, securitySchemes },
  }
}

const securitySchemes = {
  signature: {
    type: 'http',
    scheme: 'signature',
    description: 'HTTP Message Signatures (RFC 9421), profile of docs/formats/requests.md',
  },
  session: { type: 'apiKey', in: 'cookie', name: 'steadfleet' },
  token: { type: 'http', scheme: 'bearer', description: 'Of a machine, in one role, with an end.' },
}

const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status'],
  properties: {
    type: { type: 'string', enum: Object.keys(problemStatus) },
    title: { type: 'string' },
    status: { type: 'integer' },
  },
}

function toOperation(name: string, route: RouteSpec): object {
  const parameters = [...toParameters('path', route.params), ...toParameters('query', route.query)]
  return {
    operationId: name,
    summary: route.summary,
    'x-needs': route.needs,
    security: securityOf(route),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && { requestBody: { required: true, content: toContent(route.body) } }),
    responses: {
      ...toSuccess(route.reply),
      default: {
        description: 'A problem, by its code.',
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
      },
    },
  }
}

function securityOf({ needs, isOpenToItsMachine }: RouteSpec): object[] {
  if (needs === 'anyone') return []
  const named =
    needs === 'device' ? [{ signature: [] }] : [{ signature: [] }, { session: [] }, { token: [] }]
  return isOpenToItsMachine ? [...named, {}] : named
}

function toParameters(place: 'path' | 'query', schema: TSchema | undefined): object[] {
  if (!schema || !('properties' in schema)) return []
  const required = 'required' in schema ? (schema.required as readonly string[]) : []
  return Object.entries(schema.properties as Record<string, unknown>).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }))
}

function toSuccess(reply: RouteSpec['reply']): object {
  if (reply === 'nothing') return { 204: { description: 'Done.' } }
  if (reply === 'events') {
    return { 200: { description: 'A stream of events.', content: { 'text/event-stream': {} } } }
  }
  return { 200: { description: 'Done.', content: toContent(reply) } }
}

function toContent(body: TSchema | 'bytes'): object {
  if (body === 'bytes') return { 'application/octet-stream': {} }
  return { 'application/json': { schema: body } }
}
