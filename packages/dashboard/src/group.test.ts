import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultIn } from './group.ts'

const drafts: [name: string, query: string, isGood: boolean][] = [
  ['north', 'labels.site == "north"', true],
  ['north-2', 'true', true],
  ['', 'true', false],
  ['North', 'true', false],
  ['2north', 'true', false],
  ['north', ' ', false],
]
for (const [name, query, isGood] of drafts)
  test(`a group “${name}” of “${query}” can ${isGood ? '' : 'not '}be saved`, () => {
    assert.equal(faultIn({ name, query }) === undefined, isGood)
  })
