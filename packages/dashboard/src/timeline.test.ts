import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventStory } from './story.ts'
import { cannedViews } from './testing/views.ts'
import { byDay, endingOf, endOf, toneOf } from './timeline.ts'

const { timeline } = cannedViews()
const noon = new Date('2026-11-21T12:00:00Z')

test('stories are kept in their order, under their days', () => {
  const moments = ['2026-11-21T11:00:00Z', '2026-11-21T10:00:00Z', '2026-11-20T23:00:00Z']
  const stories = moments.map(
    (at): EventStory => ({ kind: 'event', key: at.slice(11, 13), at, event: timeline[0]!.event }),
  )
  assert.deepEqual(
    byDay(stories, noon, 'UTC').map(({ name, stories: of }) => [name, ...of.map(({ key }) => key)]),
    [
      ['Today', '11', '10'],
      ['Yesterday', '23'],
    ],
  )
})

test('a refusal and a failure feel bad, a commit good, what an agent finds like nothing', () => {
  const tones = timeline.map(({ event }) => `${event.kind} ${toneOf(event)}`)
  for (const each of ['failure bad', 'security bad', 'change good', 'change warn', 'agent quiet'])
    assert.ok(tones.includes(each), each)
})

test('the end of a process is its signal, or else its exit', () => {
  assert.equal(endOf({ exit: 1 }), 'exit 1')
  assert.equal(endOf({ exit: 137, signal: 'SIGKILL' }), 'signal SIGKILL')
  assert.equal(endOf({ exit: 0 }), 'exit 0')
  assert.equal(endOf({}), undefined)
})

test('a change that switched nothing was given up; any other went back', () => {
  assert.equal(endingOf('aborted'), 'Given up')
  assert.equal(endingOf('restored'), 'Went back')
})
