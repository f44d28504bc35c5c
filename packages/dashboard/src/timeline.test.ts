import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cannedViews } from './testing/views.ts'
import { byDay, endOf, toneOf } from './timeline.ts'

const { timeline } = cannedViews()
const noon = new Date('2026-11-21T12:00:00Z')

test('a timeline is kept in its order, under its days', () => {
  const moments = ['2026-11-21T11:00:00Z', '2026-11-21T10:00:00Z', '2026-11-20T23:00:00Z']
  const entries = moments.map((at, id) => ({
    ...timeline[0]!,
    id,
    event: { ...timeline[0]!.event, at },
  }))
  assert.deepEqual(
    byDay(entries, noon, 'UTC').map(({ name, entries: of }) => [name, ...of.map(({ id }) => id)]),
    [
      ['Today', 0, 1],
      ['Yesterday', 2],
    ],
  )
})

test('a refusal and a failure feel bad, a commit good, an order like nothing', () => {
  const tones = timeline.map(({ event }) => `${event.kind} ${toneOf(event)}`)
  for (const each of ['failure bad', 'security bad', 'change good', 'change warn', 'server quiet'])
    assert.ok(tones.includes(each), each)
})

test('the end of a process is its signal, or else its exit', () => {
  assert.equal(endOf({ exit: 1 }), 'exit 1')
  assert.equal(endOf({ exit: 137, signal: 'SIGKILL' }), 'signal SIGKILL')
  assert.equal(endOf({ exit: 0 }), 'exit 0')
  assert.equal(endOf({}), undefined)
})
