import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { signRequest } from '@steadfleet/protocol'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import {
  type DeviceRow,
  openTestHouse,
  origin,
  type TestHouse,
} from '../packages/server/src/testing/test-house.ts'
import { type JsonSchema, valuesOf } from './by-schema.ts'

/** An operation, as the document that the server hands out has it; nothing else is known of it here. */
interface Operation {
  readonly operationId: string
  readonly 'x-needs': string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}
interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly schema: JsonSchema
}
type Content = Readonly<Record<string, { readonly schema?: JsonSchema }>>

interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
}

/** How often each route is called with values that its schema takes; more, with another seed, is for whoever looks for faults. */
const runs = Number(process.env.STEADFLEET_ROUTE_RUNS ?? '1')
const seed = Number(process.env.STEADFLEET_ROUTE_SEED ?? '26')
/** Who signs out has gone; the others ask machines whose answers are not ours. */
const leftOut = new Set(['signOut', 'followCatalogue', 'addEndpoint', 'testEndpoint', 'addSignOn'])

let it: TestHouse
let device: DeviceRow
let cookie = ''
let document: { paths: Record<string, Record<string, Operation>>; components: { schemas: object } }
let isProblem: (value: unknown) => unknown
const ajv = new Ajv2020({ strict: false, validateFormats: false })

before(async () => {
  it = await openTestHouse()
  device = await it.addDevice('home')
  cookie = await it.admit('every administrator', { '*': 'administrator' })
  document = JSON.parse((await it.app.inject('/v1/openapi.json')).payload)
  const { Problem } = document.components.schemas as { Problem: object }
  isProblem = ajv.compile(Problem)
})
after(() => it?.[Symbol.asyncDispose]())

describe('every route, called from the OpenAPI document alone', () => {
  test('answers as it says, or with a problem whose code is listed', async () => {
    for (const [path, method, operation] of operations()) {
      const isReply = replyCheck(operation)
      const inputs = fc.tuple(urls(path, operation), bodies(operation))
      for (const [url, body] of fc.sample(inputs, { seed, numRuns: runs })) {
        const answer = await ask(method, url, body, operation)
        const what = `${operation.operationId} ${url} ${body?.toString().slice(0, 300)}: ${answer.status} ${answer.text.slice(0, 300)}`
        if (answer.status >= 400) refuseOther(answer, what)
        else assert.ok(isReply(answer), what)
      }
    }
  })

  test('refuses a body that is none of its schema with a problem', async () => {
    for (const [path, method, operation] of operations()) {
      if (!operation.requestBody?.content['application/json']) continue
      const [url = ''] = fc.sample(urls(path, operation), { seed, numRuns: 1 })
      const wrong = [Buffer.from('{'), Buffer.from('{"no such member":1}'), Buffer.from('[[]]')]
      for (const body of [...wrong, Buffer.from('{"a":1,"a":2}'), Buffer.of(0xff, 0xfe)]) {
        const answer = await ask(method, url, body, operation)
        const what = `${operation.operationId} ${url} ${body}: ${answer.status} ${answer.text}`
        assert.ok(answer.status >= 400 && answer.status < 500, what)
        refuseOther(answer, what)
      }
    }
  })
})

function operations(): (readonly [path: string, method: string, operation: Operation])[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { operationId }]) => !leftOut.has(operationId))
      .map(([method, operation]) => [path, method, operation] as const),
  )
}

/** A refusal is a problem of the document, and never a fault of the server. */
function refuseOther({ status, type, text }: Answer, what: string): void {
  assert.equal(type, 'application/problem+json', what)
  const problem: { status?: number; type?: string } = JSON.parse(text)
  assert.ok(isProblem(problem), what)
  assert.equal(problem.status, status, what)
  assert.notEqual(problem.type, 'internal', what)
}

function replyCheck({ responses }: Operation): (answer: Answer) => boolean {
  const [[status, { content }] = ['', {}]] = Object.entries(responses)
  const [type, { schema } = {}] = Object.entries(content ?? {})[0] ?? []
  const check = schema && ajv.compile(schema)
  return answer => {
    if (String(answer.status) !== status) return false
    if (type === undefined) return answer.text === ''
    if (!check) return true
    return answer.type === type && check(JSON.parse(answer.text)) === true
  }
}

function urls(path: string, { parameters = [] }: Operation): fc.Arbitrary<string> {
  const place = (one: Parameter) => [one.name, givenOf(one)] as const
  const inPath = fc.record(Object.fromEntries(parameters.filter(p => p.in === 'path').map(place)))
  const asked = parameters.filter(one => one.in === 'query')
  const requiredKeys = asked.filter(one => one.required).map(one => one.name)
  const query = fc.record(Object.fromEntries(asked.map(place)), { requiredKeys })
  return fc.tuple(inPath, query).map(([params, more]) => {
    const filled = path.replace(/\{([a-z]+)\}/g, (_, name: string) =>
      encodeURIComponent(String(params[name])),
    )
    const pairs = Object.entries(more).map(([name, value]) => [name, String(value)])
    return pairs.length === 0 ? filled : `${filled}?${new URLSearchParams(pairs)}`
  })
}

/** What is there, half of the time: a route that finds nothing is only half called. */
function givenOf({ name, schema }: Parameter): fc.Arbitrary<unknown> {
  const there: Readonly<Record<string, string>> = { fleet: 'home', device: device.id }
  const known = there[name]
  return known === undefined ? valuesOf(schema) : fc.oneof(fc.constant(known), valuesOf(schema))
}

function bodies({ requestBody }: Operation): fc.Arbitrary<Buffer | undefined> {
  if (!requestBody) return fc.constant(undefined)
  const schema = requestBody.content['application/json']?.schema
  if (!schema) return fc.uint8Array({ maxLength: 64 }).map(bytes => Buffer.from(bytes))
  return valuesOf(schema).map(value => Buffer.from(JSON.stringify(value)))
}

async function ask(
  method: string,
  url: string,
  body: Buffer | undefined,
  operation: Operation,
): Promise<Answer> {
  const parts = { method: method.toUpperCase(), targetUri: origin + url, body }
  const named =
    operation['x-needs'] === 'device'
      ? await signRequest(
          parts,
          { nonce: it.house.nonces.make(), sequence: 1 },
          { ...device.signer, keyid: device.id },
        )
      : { cookie }
  const reply = await it.app.inject({
    method: parts.method as 'POST',
    url,
    headers: {
      ...{ host: new URL(origin).host, origin },
      ...(body && { 'content-type': 'application/json' }),
      ...named,
    },
    ...(body && { payload: body }),
    payloadAsStream: true,
  })
  const [type = ''] = String(reply.headers['content-type'] ?? '').split(';')
  const stream = reply.stream()
  // A stream of events has no end, and a program that is handed out is long.
  if (type === 'text/event-stream' || type === 'application/octet-stream') {
    stream.destroy()
    return { status: reply.statusCode, type, text: '' }
  }
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return { status: reply.statusCode, type, text: Buffer.concat(chunks).toString() }
}
