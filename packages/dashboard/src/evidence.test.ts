import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evidenceOf } from './evidence.ts'

const finding = { kind: 'rolled back', moved: 50, seen: 6, expected: 0.01, bound: 400 } as const

for (const [evidence, weight] of [
  [0.1, 0],
  [1, 0],
  [20, 50],
  [400, 100],
  [1e300, 100],
] as const) {
  test(`evidence of ${evidence} is ${weight} % of what halts a rollout`, () => {
    assert.deepEqual(evidenceOf({ ...finding, evidence }), {
      what: '6 of 50 devices took it and went back',
      share: '1 % may.',
      weight,
    })
  })
}
