import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isCoded, parseStrictJson, toCanonicalText, toUtf8 } from './index.ts'

/** What a value or a refusal is, in a form that also tells the order of keys and a key `__proto__`. */
function outcomeOf(act: () => unknown): unknown {
  try {
    return JSON.stringify(act())
  } catch (error) {
    if (isCoded(error)) return { code: error.code }
    throw error
  }
}

const limits = { bytes: 10_000, depth: 6 }
const read = (text: string) => outcomeOf(() => parseStrictJson(toUtf8(text), limits))

/** A space before it sends any document past JSON.parse, to the reader that says what is wrong. */
const readSlowly = (text: string) => read(` ${text}`)

const key = fc.oneof(
  fc.constantFrom('a', 'b', '1', '10', '9', '__proto__', 'toJSON', '\uffee', '\ud83d\ude00'),
  fc.string({ unit: 'binary', maxLength: 4 }),
)
const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(0, 2 ** 53 - 1, 2 ** 53, 1e21, 1e-7, 1.5),
)
const anyString = fc.oneof(
  key,
  fc.constantFrom(
    '"',
    '\\',
    '\\u0061',
    '\n',
    '\u0000',
    '\u007f',
    '\u2028',
    '[[[[[[[[',
    ']]',
    '\ud800',
  ),
)
const value = fc.letrec(tie => ({
  tree: fc.oneof(
    { maxDepth: 8, depthSize: 'large' },
    fc.oneof(number, anyString, fc.constantFrom(null, true, false)),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.oneof(key, anyString), tie('tree')), { maxLength: 4 })
      .map(Object.fromEntries),
  ),
})).tree

/** Spellings that JSON.parse takes and this project does not, and some that nobody takes. */
const piece = fc.constantFrom(
  ...['"a":1,"a":1', '{"__proto__":1,"__proto__":1}', '-0', '1.0', '1e0', '01', '9007199254740992'],
  ...[
    '9007199254740993',
    '1e+21',
    '"\\u0061"',
    '"\\ud800"',
    '"\\/"',
    '"\\"',
    '\\"[',
    '[',
    ']',
    '{',
  ],
  ...['}', '"', ',', ':', ' ', '\n', '\\', '[[[[[[[]]]]]]]', '["]","[",{"{":"}"}]', '\ufeff'],
)

test('a document is read alike, whichever way it goes', () => {
  const text = fc.tuple(
    value.map(one => JSON.stringify(one)),
    fc.option(piece),
    fc.nat(),
  )
  let taken = 0
  fc.assert(
    fc.property(text, ([whole, other, at]) => {
      const place = at % (whole.length + 1)
      const hurt = other === null ? whole : whole.slice(0, place) + other + whole.slice(place)
      const found = read(hurt)
      assert.deepEqual(found, readSlowly(hurt))
      taken += Number(typeof found === 'string')
    }),
    { numRuns: 3000 },
  )
  assert.ok(taken > 300, `${taken} were no refusals`)
})

for (const text of [
  '[[[[[[1]]]]]]',
  '[[[[[[[]]]]]]]',
  '[[[[[[[1]]]]]]]',
  '"[[[[[[[[["',
  '["\\"[[[[[[[[["]',
  '["\\\\",[[[[[[]]]]]]]',
  '["\\"",[[[[[[1]]]]]]]',
  '{"__proto__":{"a":1}}',
  '{"__proto__":1,"__proto__":1}',
  '{"b":1,"a":2,"10":3,"9":4}',
  '"\\ud800"',
  '"\\ud83d\\ude00"',
  '9007199254740991',
  '9007199254740992',
  '1e+21',
  'null',
]) {
  test(`${text} is read alike, whichever way it goes`, () => {
    assert.deepEqual(read(text), readSlowly(text))
  })
}

/** The value as the member of an object whose keys stand out of order, so that all is rendered slowly. */
const writeSlowly = (one: unknown) => outcomeOf(() => toCanonicalText({ b: one, a: 0 }))

test('a value is written alike, whichever way it goes', () => {
  let taken = 0
  const odd = fc.constantFrom<unknown>(-0, new Date(0), new Uint8Array(2), Object.create(null))
  const unwritten = fc.constantFrom<unknown>(undefined, 1n, () => 1, { a: undefined }, [undefined])
  fc.assert(
    fc.property(fc.oneof(value, value.map(sorted), odd, unwritten), one => {
      const found = outcomeOf(() => `{"a":0,"b":${toCanonicalText(one)}}`)
      if (one !== undefined) assert.deepEqual(found, writeSlowly(one))
      taken += Number(typeof found === 'string')
    }),
    { numRuns: 3000 },
  )
  assert.ok(taken > 300, `${taken} were no refusals`)
})

/** The same value with its keys in their order, as most documents have them. */
function sorted(one: unknown): unknown {
  if (typeof one !== 'object' || one === null) return one
  if (Array.isArray(one)) return one.map(sorted)
  const members = Object.entries(one).map(([name, member]) => [name, sorted(member)] as const)
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)))
}
