import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { OptionValues } from '../command.ts'
import { queryOf, toConditions } from './group.ts'

describe('the conditions of a group', () => {
  const typed: [options: OptionValues, conditions: object][] = [
    [{}, {}],
    [{ namePrefix: 'cellar-' }, { 'name-prefix': 'cellar-' }],
    [
      { model: 'acme/box', architecture: 'arm64' },
      { model: 'acme/box', architecture: 'arm64' },
    ],
    [{ attribute: ['site=a=b', 'wet='] }, { attributes: { site: 'a=b', wet: '' } }],
    [{ label: ['site=north'] }, { labels: { site: 'north' } }],
  ]
  for (const [options, conditions] of typed) {
    test(`of ${JSON.stringify(options)} are ${JSON.stringify(conditions)}`, () => {
      assert.deepEqual(toConditions({ options }), conditions)
    })
  }

  for (const options of [
    { attribute: ['site'] },
    { attribute: ['=a'] },
    { architecture: 'mips' },
  ]) {
    test(`of ${JSON.stringify(options)} are refused`, () => {
      assert.throws(() => toConditions({ options }), { code: 'cli/usage' })
    })
  }
})

describe('the query of a group', () => {
  const typed: [query: string[], options: OptionValues, saved: string][] = [
    [['held'], {}, 'held'],
    [[], { namePrefix: 'a"b' }, String.raw`name.startsWith("a\"b")`],
    [['held || silent'], { label: ['a=b'] }, '(held || silent) && labels["a"] == "b"'],
    [
      [],
      { attribute: ['x=1'], architecture: 'arm64' },
      'architecture == "arm64" && attributes["x"] == "1"',
    ],
  ]
  for (const [query, options, saved] of typed) {
    test(`of ${JSON.stringify([...query, options])} is ${saved}`, () => {
      assert.equal(queryOf({ arguments: ['north', ...query], options }), saved)
    })
  }

  test('is not nothing', () => {
    assert.throws(() => queryOf({ arguments: ['north'], options: {} }), { code: 'cli/usage' })
  })
})
