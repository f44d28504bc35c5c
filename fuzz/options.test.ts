import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions, usage } from './options.ts'
import { targets } from './targets.ts'

test('takes every target for ten seconds where nothing is said', () => {
  const options = readOptions([], targets)
  assert.ok(typeof options === 'object')
  assert.deepEqual(options.targets, targets)
  assert.equal(options.seconds, 10)
})

test('takes a count without an end in time, and the targets that are named', () => {
  const options = readOptions(
    ['--runs', '5', '--target', 'base-', '--target', 'trust-order'],
    targets,
  )
  assert.ok(typeof options === 'object')
  assert.equal(options.runs, 5)
  assert.equal(options.seconds, Number.POSITIVE_INFINITY)
  assert.ok(options.targets.every(({ name }) => /^(base-|trust-order)/.test(name)))
  assert.ok(options.targets.some(({ name }) => name === 'trust-order'))
})

test('prints instead of running where that is asked', () => {
  assert.equal(readOptions(['--help'], targets), usage)
  assert.equal(String(readOptions(['--list'], targets)).split('\n').length, targets.length)
})

for (const words of [
  ['--runs', '0'],
  ['--runs', '1e6'],
  ['--seconds', '-1'],
  ['--seed', '99999999999'],
  ['--target', 'nothing-like-it'],
  ['--verbose'],
]) {
  test(`refuses ${words.join(' ')} with one line`, () => {
    assert.throws(
      () => readOptions(words, targets),
      (error: Error) => !error.message.split('\n')[0]?.includes('undefined'),
    )
  })
}
