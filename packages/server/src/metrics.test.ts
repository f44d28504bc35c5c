import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeCodeNames } from './metrics.ts'

test('no device can make labels without end, or put into them what it likes', () => {
  const nameOf = makeCodeNames()
  const made = Array.from(
    { length: 300 },
    (_, i) => `trust/${String.fromCharCode(97 + (i % 26))}${'-'.repeat(i / 26)}`,
  )
  const strange = [
    '',
    'Ann Other',
    'dev_0123456789abcdefghij',
    '"} 1\nup{x="',
    `trust/${'x'.repeat(99)}`,
  ]
  assert.deepEqual(new Set(strange.map(nameOf)), new Set(['other']))
  const names = made.map(nameOf)
  assert.equal(new Set(names).size, 101)
  assert.deepEqual(names.slice(0, 100), made.slice(0, 100))
  assert.equal(nameOf('trust/a'), 'trust/a')
})
