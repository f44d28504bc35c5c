import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Phase, parseRolloutPolicy } from '@steadfleet/domain'
import { phaseText, rolloutPolicyLines, toPhase } from './rollout-phases.ts'

describe('a phase that was typed', () => {
  const rows: [typed: string, phase: Phase][] = [
    ['5', { count: 5 }],
    ['10%', { percent: 10 }],
    ['50%,group=north', { percent: 50, group: 'north' }],
    ['100%,max-failures=0', { percent: 100, 'max-failures': 0 }],
    [
      '1,max-failures=2,soak=120s,at-once=20',
      { count: 1, 'max-failures': 2, 'soak-seconds': 120, 'at-once': 20 },
    ],
  ]
  for (const [typed, phase] of rows) {
    test(`as ${typed} is read, and told as it was typed`, () => {
      assert.deepEqual(toPhase(typed), phase)
      assert.equal(phaseText(phase), typed)
      parseRolloutPolicy({ phases: [phase] })
    })
  }
  for (const typed of [
    '',
    '0',
    '0%',
    '101%',
    'all',
    '10%,',
    '10%,soak',
    '10%,soak=1w',
    '10%,at-once=0',
    '10%,max-failures=-1',
    '10%,__proto__=1',
    '10%,soak=1=2',
  ]) {
    test(`as ${JSON.stringify(typed)} is refused`, () => {
      assert.throws(() => toPhase(typed), { code: 'cli/usage' })
    })
  }
})

test('a policy is told in words, channel by channel', () => {
  const policy = parseRolloutPolicy({
    phases: [{ count: 1 }, { percent: 100 }],
    approval: true,
    security: { phases: [{ percent: 100 }], approval: false },
    channels: { 'latest/edge': { halting: { failed: 0.1 } } },
  })
  assert.deepEqual(rolloutPolicyLines(policy), [
    'all channels: phases 1 100%; a second person approves',
    'all channels, where a flaw is mended: phases 100%; nobody approves',
    'latest/edge: the usual phases; halts beyond failed 0.1',
  ])
  for (const wrong of [
    { channels: { edge: {} } },
    { phases: [] },
    { halting: { failed: 0 } },
    { halting: { broken: 0.1 } },
    { security: { channels: {} } },
  ]) {
    assert.throws(() => parseRolloutPolicy(wrong), { code: 'schema/mismatch' })
  }
})
