import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makePolicy } from '@steadfleet/authority'
import { pretendNames } from '@steadfleet/authority/testing'
import { digestOf, toUtf8 } from '@steadfleet/base'
import type { TrustPolicy } from '@steadfleet/trust'
import { changesBetween, withAdoption, withCatalogue, withPublisher } from './policy-changes.ts'

const root = digestOf(toUtf8('a root'))
const acme = { name: 'acme', root, allowed: ['acme'], refused: ['bolt'] }
const garden = {
  name: 'garden',
  root: digestOf(toUtf8('another')),
  allowed: ['grower'],
  refused: [],
}
const held = makePolicy(
  {
    owner: 'own_00000000000000000000',
    version: 1,
    log: { quorum: 0 },
    ceiling: pretendNames.ceiling,
    catalogues: [acme],
  },
  new Date('2026-11-21T00:00:00Z'),
)
const adoption = {
  package: 'acme/greenhouse',
  from: { catalogue: 'acme', publisher: 'acme' },
  to: { catalogue: 'garden', publisher: 'grower' },
  floor: 3,
}

describe('a drafted policy', () => {
  const rows: [what: string, change: (policy: TrustPolicy) => TrustPolicy, lines: RegExp[]][] = [
    ['without a change', policy => policy, []],
    [
      'with a further catalogue',
      policy => withCatalogue(policy, garden),
      [/^\+ catalogue garden under root sha256:/, /^\+ publisher grower of garden counts$/],
    ],
    ['with a catalogue that it has', policy => withCatalogue(policy, acme), []],
    [
      'that lets a refused publisher count',
      policy => withPublisher(policy, 'acme', 'bolt', 'allowed'),
      [/^- publisher bolt of acme never counts$/, /^\+ publisher bolt of acme counts$/],
    ],
    [
      'that refuses one that counted',
      policy => withPublisher(policy, 'acme', 'acme', 'refused'),
      [/^- publisher acme of acme counts$/, /^\+ publisher acme of acme never counts$/],
    ],
    [
      'with an adoption',
      policy => withAdoption(policy, adoption),
      [/^\+ package acme\/greenhouse is grower’s in garden, from revision 3 on/],
    ],
    [
      'with an adoption that was drafted twice, whose floor stays where it was highest',
      policy => withAdoption(withAdoption(policy, adoption), { ...adoption, floor: 1 }),
      [/from revision 3 on/],
    ],
  ]
  for (const [what, change, lines] of rows) {
    test(`${what} is told in ${lines.length} lines`, () => {
      const told = changesBetween(held, change(held))
      assert.equal(told.length, lines.length)
      for (const [i, line] of lines.entries()) assert.match(told[i] ?? '', line)
    })
  }

  test('names no catalogue under another root than before', () => {
    const other = { ...acme, root: garden.root }
    assert.throws(() => withCatalogue(held, other), { code: 'cli/refused' })
  })

  test('says nothing of a catalogue that it does not have', () => {
    assert.throws(() => withPublisher(held, 'nowhere', 'acme', 'allowed'), {
      code: 'cli/not-found',
    })
  })
})
