import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parserOf } from '@steadfleet/domain'
import { type GrantView, listGrants } from '@steadfleet/protocol'
import { isolatedOn, standingOf, whomItHits, wordsFor } from './grants.ts'
import { oak } from './testing/canned-devices.ts'
import { makeGrants } from './testing/canned-grants.ts'
import { cannedViews } from './testing/views.ts'

const { grants, decisions } = parserOf('grants', listGrants.reply)(makeGrants())
const home = { fleet: 'home', devices: 4 }
const grantWith = (changes: Partial<GrantView>): GrantView => ({ ...grants[0]!, ...changes })

const standings: [what: string, changes: Partial<GrantView>, word: string][] = [
  ['what is by default', {}, 'Granted'],
  ['what the ceiling shuts out', { underCeiling: false }, 'Shut by the ceiling'],
  ['what a rollout waits for', { waits: true }, 'A rollout waits'],
  ['what may never be', { is: 'refused', by: 'never' }, 'Never'],
  ['what was taken back', { is: 'refused', by: 'device' }, 'Refused'],
  ['what nobody spoke of', { is: 'open', by: 'nobody' }, 'Not granted'],
]
for (const [what, changes, word] of standings) {
  test(`${what} is shown as “${word}”`, () => {
    assert.equal(standingOf(grantWith(changes)).word, word)
  })
}

describe('a word', () => {
  test('that was said already is not offered again, but can be taken back', () => {
    const [refused] = decisions
    assert.deepEqual(wordsFor(grantWith({}), refused), ['granted', 'never', 'forgotten'])
    assert.deepEqual(wordsFor(grantWith({}), undefined), ['granted', 'refused', 'never'])
  })

  test('that was said is offered again where a revision asks for more', () => {
    const granted = { ...decisions[0]!, verdict: 'granted' as const }
    assert.ok(wordsFor(grantWith({ waits: true }), granted).includes('granted'))
  })

  test('hits a fleet but for devices with words of their own; never hits them too', () => {
    assert.equal(
      whomItHits(home, 'granted', ['oak']),
      'the 4 devices of fleet home, but not oak, of which something else was said',
    )
    assert.equal(whomItHits(home, 'never', ['oak']), 'the 4 devices of fleet home')
    const device = { id: oak, name: 'oak' }
    assert.equal(whomItHits({ ...home, device }, 'never', []), 'oak alone')
  })
})

test('what is isolated is told with who did it, where that is known', () => {
  const { timeline } = cannedViews()
  const packages = ['acme/mosquitto', 'acme/greenhouse'] as GrantView['package'][]
  assert.deepEqual(
    isolatedOn({ packages }, timeline).map(one => [one.package, one.by]),
    [
      ['acme/mosquitto', 'the fleet’s rule'],
      ['acme/greenhouse', 'somebody'],
    ],
  )
  assert.deepEqual(
    isolatedOn({ device: true, packages }, timeline).map(one => one.package),
    [undefined],
  )
})
