import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ChangeStory, causeOf, toStories } from './story.ts'
import { fig } from './testing/canned-devices.ts'
import { cannedViews } from './testing/views.ts'

const { timeline: all, rollouts } = cannedViews()
const timeline = all.filter(({ device }) => device === fig)
const stories = toStories(timeline)
const changes = stories.filter(story => story.kind === 'change')

describe('a timeline told as stories', () => {
  test('is one story a change, and one for each other event, in the order they were last heard', () => {
    assert.deepEqual(
      stories.map(({ key }) =>
        key.replace(/-\d+$/, number => (key.startsWith('event') ? '' : number)),
      ),
      ['generation-5', 'event', 'event', 'event', 'generation-4', 'generation-3'],
    )
  })

  test('says of a change that went back what, why, how far and what it fetched', () => {
    const [last] = changes
    assert.equal(last?.what, 'acme/greenhouse from revision 2 to 3')
    assert.equal(last.state, 'restored')
    assert.equal(last.why, 'service ended 3 seconds into its probation')
    assert.equal(last.code, 'engine/probation')
    assert.equal(last.counter, 4)
    assert.deepEqual(last.fetched, { bytes: 41_413, size: 98_420_146 })
    assert.equal(last.failures[0]?.log.length, 5)
    const path = last.path.map(({ state }) => state).join(' ')
    assert.equal(path, 'planned preparing ready activating probation rolling back restored')
  })

  test('says nothing against a change that held', () => {
    assert.deepEqual(
      [changes[1]?.state, changes[1]?.why, changes[1]?.failures],
      ['committed', undefined, []],
    )
  })

  test('names a change whose beginning is on no page by its generation', () => {
    const [only] = toStories(timeline.slice(0, 1))
    assert.equal(only?.kind === 'change' && only.what, 'generation 5')
  })
})

const causes: [what: string, rollout: number | undefined][] = [
  ['acme/greenhouse from revision 2 to 3', 3],
  ['acme/mosquitto revision 2 is new, acme/other is removed', 2],
  ['acme/greenhouse from revision 3 to 13', undefined],
  ['settings of acme/greenhouse', undefined],
]
for (const [what, rollout] of causes)
  test(`“${what}” came from ${rollout ? `rollout ${rollout}` : 'no rollout'}`, () => {
    const story: ChangeStory = { ...changes[0]!, what }
    assert.equal(causeOf(story, rollouts)?.id, rollout)
  })
