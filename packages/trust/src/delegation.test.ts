import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesPattern } from './delegation.ts'

const rows: [pattern: string, path: string, matches: boolean][] = [
  ['acme/*/*/*', 'acme/greenhouse/3/amd64', true],
  ['acme/*/*/*', 'acme/greenhouse/3', false],
  ['acme/*/*/*', 'acme/green/house/3/amd64', false],
  ['acme/*/*/*', 'acmes/greenhouse/3/amd64', false],
  ['*', 'acme', true],
  ['*', 'acme/x', false],
  ['*', '', true],
  ['?', '', false],
  ['a?c', 'abc', true],
  ['a?c', 'a/c', false],
  ['a*b*c', 'axxbyyc', true],
  ['a*b*c', 'axxbyy', false],
  ['**', 'abc', true],
  ['a[bc]d', 'abd', false],
  ['a.c', 'abc', false],
  ['x', 'y', false],
]
for (const [pattern, path, matches] of rows) {
  test(`${pattern} ${matches ? 'covers' : 'does not cover'} ${path}`, () => {
    assert.equal(matchesPattern(pattern, path), matches)
  })
}

test('a hostile pattern costs the product of the lengths at most', { timeout: 2000 }, () => {
  assert.equal(matchesPattern(`${'*a'.repeat(2000)}b`, 'a'.repeat(4000)), false)
})
