import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  digestOf,
  fromBase64,
  fromBase64Url,
  fromHex,
  fromUtf8,
  nextState,
  parseDigest,
  parseStrictJson,
  type Table,
  toCanonical,
  toCanonicalText,
  toDocument,
  toMermaid,
  toUtf8,
} from './index.ts'

const refused: [text: string, code: string][] = [
  ['{"a":1,"a":2}', 'json/duplicate-key'],
  ['{"a":1,"\\u0061":2}', 'json/duplicate-key'],
  ['1.5', 'json/number'],
  ['1e3', 'json/number'],
  ['-0', 'json/number'],
  ['9007199254740992', 'json/number'],
  ['01', 'json/syntax'],
  ['[1,]', 'json/syntax'],
  ['{"a":1,}', 'json/syntax'],
  ['[1 2]', 'json/syntax'],
  ['"\n"', 'json/syntax'],
  ['"\\ud800"', 'json/syntax'],
  ['tru', 'json/syntax'],
  ['{} {}', 'json/syntax'],
  ['', 'json/syntax'],
  ['\ufeff{}', 'json/syntax'],
  ['['.repeat(100), 'json/depth'],
  [' '.repeat(200), 'json/size'],
]
for (const [text, code] of refused) {
  test(`the strict reader refuses ${JSON.stringify(text.slice(0, 24))} with ${code}`, () => {
    assert.throws(() => parseStrictJson(toUtf8(text), { bytes: 128, depth: 8 }), { code })
  })
}

test('the strict reader takes a string as long as a document may be', () => {
  for (const piece of ['a', '\\n', '\\"', '\\\\']) {
    const text = piece.repeat(Math.floor(15_000_000 / piece.length))
    assert.equal(parseStrictJson(toUtf8(`"${text}"`)), JSON.parse(`"${text}"`))
  }
  assert.throws(() => parseStrictJson(toUtf8(`"${'a'.repeat(15_000_000)}`)), {
    code: 'json/syntax',
  })
})

test('hexadecimal is read at any length', () => {
  assert.equal(fromHex('ab'.repeat(30_000_000)).length, 30_000_000)
})

test('the strict reader keeps a key named __proto__ as a key', () => {
  const value = parseStrictJson(toUtf8('{"__proto__":{"a":1}}'))
  assert.deepEqual(Object.keys(value as object), ['__proto__'])
  assert.equal(({} as Record<string, unknown>).a, undefined)
})

const canonical: [value: unknown, text: string][] = [
  [{ b: 1, a: [true, null, 'x'] }, '{"a":[true,null,"x"],"b":1}'],
  [{ '\ud83d\ude00': 1, '\uffee': 2 }, '{"\uffee":2,"\ud83d\ude00":1}'],
  ['line\nend "quoted" \\', '"line\nend \\"quoted\\" \\\\"'],
  [{ kept: 1, dropped: undefined }, '{"kept":1}'],
]
for (const [value, text] of canonical) {
  test(`the canonical form is ${JSON.stringify(text)}`, () => {
    assert.equal(toCanonicalText(value), text)
  })
}

for (const value of [1.5, Number.NaN, 2 ** 53, '\ud800', 1n, () => 1]) {
  test(`a ${typeof value} (${String(value)}) has no canonical form`, () => {
    assert.throws(() => toCanonical(value), { code: 'canonical/value' })
  })
}

test('what is written as JSON is read back the same', () => {
  const leaf = fc.oneof(
    fc.integer(),
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.constant(null),
  )
  const { tree } = fc.letrec(tie => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      leaf,
      fc.array(tie('tree')),
      fc.dictionary(fc.string(), tie('tree')),
    ),
  }))
  fc.assert(
    fc.property(tree, value => {
      assert.equal(
        toCanonicalText(parseStrictJson(toUtf8(JSON.stringify(value)))),
        toCanonicalText(value),
      )
    }),
  )
})

for (const [read, text] of [
  [fromHex, 'AB'],
  [fromHex, 'abc'],
  [fromBase64, 'YQ'],
  [fromBase64, 'YR=='],
  [fromBase64Url, 'YQ=='],
] as const) {
  test(`${read.name} refuses ${text}`, () => {
    assert.throws(() => read(text), { code: 'bytes/encoding' })
  })
}

test('bytes that are not UTF-8 are refused', () => {
  assert.throws(() => fromUtf8(Uint8Array.of(0xc3, 0x28)), { code: 'bytes/encoding' })
})

test('a digest has one spelling', () => {
  const digest = digestOf(toUtf8('abc'))
  assert.equal(digest, 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  assert.throws(() => parseDigest(digest.toUpperCase()), { code: 'bytes/digest' })
})

test('a state table refuses what it does not list', () => {
  const door = { open: { shut: 'closed' }, closed: { pull: 'open' } } as const satisfies Table<
    'open' | 'closed',
    'shut' | 'pull'
  >
  assert.equal(nextState(door, 'open', 'shut'), 'closed')
  assert.equal(nextState(door, 'open', 'pull'), undefined)
  assert.equal(nextState(door, 'open', 'toString'), undefined)
  assert.match(toMermaid(door), /open --> closed: shut/)
})

test('a document with control characters in its strings is read back as it was', () => {
  const value = { text: 'one\ntwo\t\u001b[31m\u0000', plain: 'é' }
  assert.deepEqual(parseStrictJson(toDocument(value)), value)
  assert.deepEqual(toDocument({ plain: 'é' }), toCanonical({ plain: 'é' }))
})
