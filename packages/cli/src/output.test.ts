import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toDuration, toSize, toTable } from './output.ts'

const sizes: [bytes: number, text: string][] = [
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [156_600_000, '156.6 MB'],
  [2_000_000_000, '2.0 GB'],
]
for (const [bytes, text] of sizes) {
  test(`${bytes} bytes read ${text}`, () => assert.equal(toSize(bytes), text))
}

const durations: [milliseconds: number, text: string][] = [
  [0, '0 ms'],
  [999, '999 ms'],
  [1500, '1.5 s'],
  [61_000, '1 min 1 s'],
]
for (const [milliseconds, text] of durations) {
  test(`${milliseconds} ms read ${text}`, () => assert.equal(toDuration(milliseconds), text))
}

test('a table pads its columns and says so when it is empty', () => {
  assert.equal(toTable(['a', 'long'], [['wide', 'x']]), 'a     long\nwide  x')
  assert.equal(toTable(['a'], [], 'none yet'), 'none yet')
})
