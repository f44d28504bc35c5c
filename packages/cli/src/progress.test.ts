import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { openProgress } from './progress.ts'
import type { Sink } from './world.ts'

const sinks: readonly [where: string, facts: Partial<Sink>][] = [
  ['a terminal', { isTTY: true, columns: 80 }],
  ['a file', {}],
]
for (const [where, facts] of sinks) {
  test(`a task shown on ${where} leaves Ctrl-C to whoever started it`, async () => {
    const before = process.listenerCount('SIGINT')
    const progress = openProgress(Object.assign(new PassThrough(), facts), false, () => 0)
    const during = await progress.task(
      'count',
      async () => process.listenerCount('SIGINT'),
      count => String(count),
    )
    assert.equal(during, before)
  })
}
