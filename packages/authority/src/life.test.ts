import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Alarm, lifeOf } from './life.ts'
import type { Lifetime } from './lifetime.ts'

const now = new Date('2026-11-21T00:00:00Z')

const lives: [kind: Lifetime, daysLeft: number, alarm: Alarm][] = [
  ['root', 730, 0],
  ['root', 3650, 0],
  ['root', 366, 0],
  ['root', 365, 50],
  ['root', 183, 50],
  ['root', 182, 75],
  ['root', 73, 90],
  ['root', 1, 90],
  ['root', 0, 100],
  ['root', -1, 100],
  ['targets', 182, 50],
  ['publisher', 18, 90],
  ['timestamp', 0.6, 0],
  ['timestamp', 0.4, 50],
  ['policy', 365, 50],
]
for (const [kind, daysLeft, alarm] of lives) {
  test(`a ${kind} with ${daysLeft} days left is past ${alarm} percent of its life`, () => {
    const expires = new Date(now.getTime() + daysLeft * 86_400_000)
    assert.equal(lifeOf(kind, expires, now).alarm, alarm)
  })
}

test('what is spent is between none and all', () => {
  const spent = [10_000, 365, -10].map(
    days => lifeOf('root', new Date(now.getTime() + days * 86_400_000), now).spent,
  )
  assert.deepEqual(spent, [0, 0.5, 1])
})
