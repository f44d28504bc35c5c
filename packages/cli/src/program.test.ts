import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { commands } from './commands/index.ts'
import { runWords } from './testing.ts'

describe('the help of', () => {
  for (const { name, examples } of commands) {
    test(`${name} exits 0 and shows its examples`, async () => {
      const { exit, out } = await runWords([...name.split(' '), '--help'])
      assert.equal(exit, 0)
      assert.match(out, /--json/)
      for (const example of examples) assert.ok(out.includes(`$ steadfleet ${example}`), example)
    })
  }

  test('the program lists every command and every exit code', async () => {
    const { exit, out } = await runWords(['--help'])
    assert.equal(exit, 0)
    const first = new Set(commands.map(({ name }) => name.split(' ')[0]))
    for (const name of first) assert.match(out, new RegExp(`^ {2}${name}`, 'm'))
    for (const code of [0, 1, 2, 3, 130]) assert.match(out, new RegExp(`^ {2}${code} `, 'm'))
  })
})

test('each example of a command is one of that command', () => {
  for (const { name, examples } of commands) {
    assert.ok(examples.length > 0, name)
    for (const example of examples) assert.ok(example.startsWith(name), example)
  }
})

describe('a call that is no call', () => {
  const calls: [words: string[], names: RegExp][] = [
    [[], /no command was named/],
    [['rollout'], /no command was named/],
    [['nonsense'], /unknown command 'nonsense'/],
    [['rollout', 'show'], /missing required argument 'rollout'/],
    [['release', 'list', '--colour'], /unknown option '--colour'/],
    [['init', 'a', 'b'], /too many arguments/],
  ]
  for (const [words, names] of calls) {
    test(`${JSON.stringify(words.join(' '))} exits 2 with one line and a hint`, async () => {
      const { exit, out, err } = await runWords(words)
      assert.equal(exit, 2)
      assert.equal(out, '')
      const [first = '', hint = '', ...rest] = err.trim().split('\n')
      assert.match(first, /^error: cannot .* {2}\[cli\/usage\]$/)
      assert.match(first, names)
      assert.match(hint, /^hint: /)
      assert.deepEqual(rest, [])
    })
  }
})

test('with --json an error is one JSON value on the error stream', async () => {
  const { exit, out, err } = await runWords(['device', 'list', '--json'])
  assert.equal(exit, 1)
  assert.equal(out, '')
  const { error } = JSON.parse(err)
  assert.equal(error.code, 'cli/no-home')
  assert.match(error.hint, /steadfleet init/)
})
