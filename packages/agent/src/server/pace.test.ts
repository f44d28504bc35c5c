import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPatience } from './http.ts'
import { paceCheck } from './pace.ts'

const rows: [what: string, bytesASecond: number, seconds: number, isRefused: boolean][] = [
  ['a byte a second', 1, 60, true],
  ['a kilobyte a second', 1000, 60, true],
  ['200 kB a second for half an hour', 200_000, 1800, false],
  ['all at once', 1_000_000, 1, false],
]

for (const [what, bytesASecond, seconds, isRefused] of rows) {
  test(`${what} is ${isRefused ? 'given up' : 'put up with'}`, () => {
    let now = 0
    const check = paceCheck({ ...defaultPatience.pace, monotonic: () => now })
    const receive = (): void => {
      for (let second = 0; second < seconds; second += 1) {
        now += 1000
        check(bytesASecond)
      }
    }
    if (isRefused) assert.throws(receive, { code: 'trust/slow-retrieval' })
    else receive()
  })
}
