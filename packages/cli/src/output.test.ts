import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openOutput, toDuration, toSize, toTable } from './output.ts'

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

// What an app said, and a person reads: ESC and CSI begin commands of a terminal, U+202E turns the line.
const hostile = '\x1b[2J\x1b]0;title\x07\x9b31mall is well\r\u202e\tend'
const seen = (json: boolean) => {
  const said: string[] = []
  const sink = { write: (text: string) => said.push(text) > 0 }
  const output = openOutput(json, sink, sink)
  output.line({ log: hostile }, `one\n${hostile}`)
  output.note(hostile)
  return said.join('')
}
test('what an app said does nothing to the terminal that shows it', () => {
  assert.doesNotMatch(seen(false), /[^\P{C}\n\t]/u)
  assert.match(seen(false), /^one\n.+all is well.+\tend\n/)
})
test('nor in JSON, where it is what was said all the same', () => {
  assert.doesNotMatch(seen(true), /[^\P{C}\n]/u)
  assert.deepEqual(JSON.parse(seen(true)), { log: hostile })
})
