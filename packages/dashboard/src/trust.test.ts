import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RoleView } from '@steadfleet/protocol'
import { cannedViews } from './testing/views.ts'
import { nameOfRole, progressOf, renewerOf, rolesToRenew, spentPercent, whyRenew } from './trust.ts'

const { roles } = cannedViews()

describe('the roles of a fleet', () => {
  test('are named, and it is said who renews them', () => {
    assert.deepEqual(
      roles.map(view => `${nameOfRole(view)}: ${renewerOf(view)}`),
      [
        'Owner root: the owner, offline',
        'Trust policy: the owner, offline',
        'Catalogue root: the catalogue’s keepers, offline',
        'Catalogue targets: the catalogue’s keepers, offline',
        'Publisher acme: its publisher',
        'Publisher gone: its publisher',
        'Snapshot: the server, by itself',
        'Timestamp: the server, by itself',
      ],
    )
  })

  test('need a person from three quarters on, the most urgent first, and only where they count', () => {
    assert.deepEqual(rolesToRenew(roles).map(nameOfRole), ['Publisher acme', 'Catalogue targets'])
  })
})

const whys: [alarm: RoleView['alarm'], spent: number, online: boolean, why: string][] = [
  [75, 0.7599, false, '75 % of its life is over. To be renewed by its publisher.'],
  [90, 0.999, true, '99 % of its life is over. The server renews it by itself, and could not.'],
  [
    100,
    1,
    false,
    'It has expired: devices take nothing new from it. To be renewed by its publisher.',
  ],
]
for (const [alarm, spent, online, why] of whys)
  test(`a role past ${alarm} percent says what to do`, () => {
    assert.equal(whyRenew(roleWith({ alarm, spent, online })), why)
  })

test('no role is told to be older than it is', () => {
  assert.equal(spentPercent(roleWith({ spent: 0.749_99 })), 74)
})

test('a log says how far it is', () => {
  assert.equal(progressOf({ signed: 1, published: 1 }), '1 entry, all published')
  assert.equal(progressOf({ signed: 12, published: 12 }), '12 entries, all published')
  assert.equal(progressOf({ signed: 12, published: 9 }), '9 of 12 entries are published')
})

function roleWith(changes: Partial<RoleView>): RoleView {
  const acme = roles.find(({ role }) => role === 'acme')
  if (!acme) throw new TypeError('the canned roles have no acme')
  return { ...acme, ...changes }
}
