import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { OptionValues } from '../command.ts'
import { toConditions } from './group.ts'

describe('the conditions of a group', () => {
  const typed: [options: OptionValues, conditions: object][] = [
    [{}, {}],
    [{ namePrefix: 'cellar-' }, { 'name-prefix': 'cellar-' }],
    [
      { model: 'acme/box', architecture: 'arm64' },
      { model: 'acme/box', architecture: 'arm64' },
    ],
    [{ attribute: ['site=a=b', 'wet='] }, { attributes: { site: 'a=b', wet: '' } }],
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
