import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { object, oneOf, opened, parserOf, record, SchemaError } from './index.ts'

const Port = Type.Union([
  Type.Integer({ minimum: 1, maximum: 10 }),
  object({ setting: Type.String() }),
])
const Thing = object({
  name: Type.String({ pattern: '^[a-z]+$', description: 'A name.' }),
  kind: Type.Optional(oneOf('big', 'small')),
  port: Type.Optional(Port),
  parts: Type.Optional(record(Type.String({ pattern: '^[a-z]+$' }), Type.Integer())),
  list: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 2, uniqueItems: true })),
  how: Type.Optional(
    Type.Union([
      object({ type: Type.Literal('http'), path: Type.String() }),
      object({ type: Type.Literal('exec'), command: Type.String() }),
    ]),
  ),
})
const parseThing = parserOf('thing', Thing)

const refused: [value: unknown, faults: string[]][] = [
  ['text', [': must be an object with name, not a string']],
  [null, [': must be an object with name, not null']],
  [{}, [': must have name']],
  [{ name: 'A' }, ['/name: must match ^[a-z]+$ (A name.)']],
  [{ name: 1 }, ['/name: must be a string, not a whole number']],
  [
    { name: 'a', 'x/y~': 1 },
    ['/x~1y~0: is not known here; known: name, kind, port, parts, list, how'],
  ],
  [{ name: 'a', kind: 'huge' }, ['/kind: must be one of big, small']],
  [{ name: 'a', port: 11 }, ['/port: must be at most 10']],
  [{ name: 'a', port: 1.5 }, ['/port: must be a whole number or an object with setting']],
  [{ name: 'a', port: { setting: 1 } }, ['/port/setting: must be a string, not a whole number']],
  [{ name: 'a', parts: { B: 1 } }, ['/parts/B: must have a name that matches ^[a-z]+$']],
  [{ name: 'a', parts: { b: '1' } }, ['/parts/b: must be a whole number, not a string']],
  [{ name: 'a', list: [] }, ['/list: must have at least 1 item(s)']],
  [
    { name: 'a', list: ['x', 'x', 'x'] },
    ['/list: must have at most 2 items', '/list: must not repeat an item'],
  ],
  [{ name: 'a', how: { type: 'tcp' } }, ['/how/type: must be one of http, exec']],
  [
    { name: 'a', how: { type: 'exec', path: '/' } },
    ['/how: must have command', '/how/path: is not known here; known: type, command'],
  ],
]
for (const [value, faults] of refused) {
  test(`${JSON.stringify(value)} is refused with ${faults.join(' and ')}`, () => {
    assert.throws(
      () => parseThing(value),
      error => {
        assert.ok(error instanceof SchemaError)
        assert.equal(error.code, 'schema/mismatch')
        assert.deepEqual(
          error.faults.map(fault => `${fault.path}: ${fault.message}`),
          faults,
        )
        return true
      },
    )
  })
}

test('a fault never repeats the value, which may be a secret', () => {
  const secret = 'HUNTER2'
  assert.throws(
    () => parseThing({ name: secret, kind: secret, port: secret }),
    error => {
      assert.ok(error instanceof SchemaError)
      assert.ok(!JSON.stringify([error.message, error.details, error.faults]).includes(secret))
      return true
    },
  )
})

test('a hostile value costs a bounded list of faults', () => {
  const parse = parserOf('list', Type.Array(Type.String()))
  assert.throws(
    () => parse(new Array(10_000).fill(1)),
    error => {
      assert.ok(error instanceof SchemaError)
      assert.equal(error.faults.length, 100)
      return true
    },
  )
})

test('an opened schema skips what it does not know, at any depth, and checks what it does', () => {
  const parse = parserOf('thing', opened(Thing))
  const value = { name: 'a', later: 1, how: { type: 'http', path: '/', later: 1 } }
  assert.equal(parse(value), value)
  assert.throws(() => parse({ ...value, parts: { B: 1 } }), { code: 'schema/mismatch' })
  assert.throws(() => parse({ ...value, how: { type: 'http' } }), { code: 'schema/mismatch' })
})
