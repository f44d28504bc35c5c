import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { idleBreath } from './breath.ts'

describe('work that nobody shall feel', () => {
  const rows: [what: string, workedMs: number, restedMs: number][] = [
    ['works on after a moment', 9, 0],
    ['rests nine times as long as it worked', 50, 450],
    ['does not rest for what the machine had stalled', 60_000, 4500],
  ]
  for (const [what, workedMs, restedMs] of rows) {
    test(what, async () => {
      let now = 0
      let rested = 0
      const sleep = async (milliseconds: number) => {
        rested += milliseconds
      }
      const breath = idleBreath({ monotonic: () => now, sleep }, new AbortController().signal)
      now += workedMs
      await breath()
      assert.equal(rested, restedMs)
    })
  }
})
