import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroupConditions } from '@steadfleet/protocol'
import { conditionsOf, emptyGroup, faultIn, type GroupDraft, wordsFor } from './group.ts'

const drafts: [draft: Partial<GroupDraft>, conditions: GroupConditions, words: string][] = [
  [{}, {}, 'every device'],
  [{ prefix: ' east-' }, { 'name-prefix': 'east-' }, 'name begins with east-'],
  [{ model: 'acme/box' }, { model: 'acme/box' }, 'model is acme/box'],
  [{ architecture: 'arm64' }, { architecture: 'arm64' }, 'architecture is arm64'],
  [
    { attributes: 'site=north, note = a=b ,' },
    { attributes: { site: 'north', note: 'a=b' } },
    'site is north, note is a=b',
  ],
]
for (const [draft, conditions, words] of drafts)
  test(`a group of ${words} is made of what was written`, () => {
    assert.deepEqual(conditionsOf({ ...emptyGroup, ...draft }), conditions)
    assert.equal(wordsFor(conditions), words)
  })

const names: [name: string, attributes: string, isGood: boolean][] = [
  ['north', '', true],
  ['north-2', 'site=north', true],
  ['', '', false],
  ['North', '', false],
  ['2north', '', false],
  ['north', 'site', false],
  ['north', 'site=', false],
]
for (const [name, attributes, isGood] of names)
  test(`a group “${name}” by “${attributes}” can ${isGood ? '' : 'not '}be saved`, () => {
    assert.equal(faultIn({ ...emptyGroup, name, attributes }) === undefined, isGood)
  })
