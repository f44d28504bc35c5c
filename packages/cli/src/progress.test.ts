import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openProgress } from './progress.ts'
import type { Sink } from './world.ts'

const sinks: readonly [where: string, sink: Sink][] = [
  ['a terminal', { write: () => true, isTTY: true, columns: 80 }],
  ['a file', { write: () => true }],
]
for (const [where, sink] of sinks) {
  test(`a task shown on ${where} leaves Ctrl-C to whoever started it`, async () => {
    const before = process.listenerCount('SIGINT')
    const progress = openProgress(sink, false, () => 0)
    const during = await progress.task(
      'count',
      async () => process.listenerCount('SIGINT'),
      count => String(count),
    )
    assert.equal(during, before)
  })
}
