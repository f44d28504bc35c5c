import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { compareVersions, isInRelation } from './version.ts'

/** Each older than the next; from deb-version(7) and dpkg's own tests. */
const rising: readonly string[][] = [
  ['1.0~~', '1.0~~a', '1.0~', '1.0', '1.0+b1', '1.0.1', '1.1'],
  ['1.0-1', '1.0-1+deb12u1', '1.0-1+deb12u2', '1.0-1+deb12u10', '1.0-2'],
  ['9.9', '1:0.1', '1:0.2', '2:0'],
  ['1.0a', '1.0b', '1.0+', '1.0.'],
  ['2.0.11-1.2+deb12u1', '2.0.11-1.2+deb12u2', '2.0.18-1'],
]

describe('a Debian version', () => {
  for (const versions of rising) {
    test(`rises: ${versions.join(' < ')}`, () => {
      for (const [i, a] of versions.entries()) {
        for (const [j, b] of versions.entries()) {
          assert.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} and ${b}`)
        }
      }
    })
  }

  test('is equal to itself with leading zeros and without an epoch of zero', () => {
    for (const [a, b] of [
      ['1.01', '1.1'],
      ['0:1', '1'],
      ['1-0', '1'],
    ] as const) {
      assert.equal(compareVersions(a, b), 0, `${a} and ${b}`)
    }
  })

  test('is in the relations of a dependency', () => {
    assert.ok(isInRelation('1.2', '>=', '1.2') && isInRelation('1.1', '<<', '1.2'))
    assert.ok(!isInRelation('1.2', '>>', '1.2') && !isInRelation('1', 'no relation', '1'))
  })

  const hasDpkg = spawnSync('dpkg', ['--version']).status === 0
  test('is compared as dpkg compares it', { skip: !hasDpkg && 'there is no dpkg' }, () => {
    const part = fc.string({ unit: fc.constantFrom(...'0123az~+.'), maxLength: 6 })
    const version = fc
      .tuple(fc.nat(2), part, part)
      .map(([epoch, upstream, revision]) => `${epoch}:1${upstream}-0${revision}`)
    fc.assert(
      fc.property(version, version, (a, b) => {
        const order = compareVersions(a, b)
        const relation = ['lt', 'eq', 'gt'][Math.sign(order) + 1] ?? ''
        const { status } = spawnSync('dpkg', ['--compare-versions', a, relation, b])
        assert.equal(status, 0, `${a} ${relation} ${b}`)
      }),
      { numRuns: 150 },
    )
  })
})
