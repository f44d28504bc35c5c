import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { nobody, rolloutTable } from '@steadfleet/domain'
import { consequenceOf, steersOf } from './steering.ts'
import { cannedViews } from './testing/views.ts'

const people = ['start', 'pause', 'resume', 'cancel']
const rollout = cannedViews().rollouts[0]!
const names = ['oak', 'pine', 'elm']

for (const [state, row] of Object.entries(rolloutTable))
  test(`a ${state} rollout offers exactly what its table lets a person do`, () => {
    // A draft is started by being approved.
    const allowed =
      state === 'draft'
        ? ['approve', 'cancel']
        : Object.keys(row).filter(event => people.includes(event))
    assert.deepEqual([...steersOf[state as keyof typeof steersOf]].sort(), allowed.sort())
  })

describe('before a deed is done', () => {
  test('pausing names the devices that will wait', () => {
    const said = consequenceOf('pause', rollout, names)
    assert.match(said, /^3 waiting devices \(oak, pine and elm\) will not be ordered/)
  })
  test('resuming says that the release failed before', () => {
    const said = consequenceOf('resume', rollout, names)
    assert.match(said, /revision 3\. It failed on 1 device before\.$/)
  })
  test('cancelling with nobody left says that nobody is hit', () => {
    const tallies = [{ ...nobody, done: 4 }]
    assert.match(consequenceOf('cancel', { ...rollout, tallies }, []), /^No waiting device/)
  })
  test('of many who wait some are named, and the others counted', () => {
    const tallies = [{ ...nobody, waiting: 100 }]
    const said = consequenceOf('cancel', { ...rollout, tallies }, names)
    assert.match(said, /^100 waiting devices \(oak, pine, elm and 97 more\) will keep/)
  })
})
