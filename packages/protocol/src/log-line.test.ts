import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ChosenLog, toLogLine } from './index.ts'

const key = 'home.log/1+0a1b2c3d+AQ=='
const rows: [log: ChosenLog, line: string][] = [
  [{ quorum: 0 }, 'none'],
  [{ key, witnesses: [], quorum: 0 }, 'home.log/1, no witness'],
  [{ key, witnesses: ['w1', 'w2', 'w3'], quorum: 2 }, 'home.log/1, 2 of 3 witnesses'],
]
for (const [log, line] of rows) {
  test(`a log is told as ${line}`, () => assert.equal(toLogLine(log), line))
}
