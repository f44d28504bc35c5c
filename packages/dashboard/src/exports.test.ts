import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formats, type Row, readAll } from './exports.ts'

describe('a table as CSV', () => {
  const rows: [what: string, rows: Row[], text: string][] = [
    ['has the columns of all its rows', [{ a: 1 }, { b: 'x' }], 'a,b\r\n1,\r\n,x\r\n'],
    ['quotes what would end a cell', [{ a: 'x,"y"\nz' }], 'a\r\n"x,""y""\nz"\r\n'],
    ['has objects as JSON', [{ a: { b: [1] } }], 'a\r\n"{""b"":[1]}"\r\n'],
    ['has nothing for nothing', [{ a: null, b: undefined, c: false }], 'a,b,c\r\n,,false\r\n'],
    ['leaves numbers below zero as they are', [{ a: -1 }], 'a\r\n-1\r\n'],
    ...['=1+1', '+1', '-x', '@x', '\tx'].map((text): [string, Row[], string] => [
      `runs no formula: ${JSON.stringify(text)}`,
      [{ a: text }],
      `a\r\n'${text}\r\n`,
    ]),
    ['runs no formula of a column', [{ '=x': 1 }], "'=x\r\n1\r\n"],
  ]
  for (const [what, given, text] of rows) {
    test(what, () => assert.equal(formats.csv.toText(given), text))
  }
})

test('a table as JSON is all of its rows', () => {
  const rows = [{ a: '=1' }, { b: null }]
  assert.deepEqual(JSON.parse(formats.json.toText(rows)), rows)
})

test('a list is read to its end, page by page', async () => {
  const asked: (number | undefined)[] = []
  const read = async (after: number | undefined) => {
    asked.push(after)
    return [1, 2, 3, 4, 5, 6].filter(one => one > (after ?? 0)).slice(0, 2)
  }
  assert.deepEqual(await readAll(read, last => last, 2), [1, 2, 3, 4, 5, 6])
  assert.deepEqual(asked, [undefined, 2, 4, 6])
})
