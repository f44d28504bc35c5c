import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defectTable } from '@steadfleet/domain'
import { deedsOf, spanOf } from './defects.ts'

describe('what a person may make of a defect', () => {
  for (const [state, row] of Object.entries(defectTable))
    test(`is of a ${state} one what its table says`, () => {
      const mine = Object.keys(row).filter(event => event !== 'regress')
      assert.deepEqual(deedsOf[state as keyof typeof deedsOf], mine)
    })
})

test('revisions are told as one or as a span', () => {
  const span = (firstRevision: number, lastRevision: number) =>
    spanOf({ firstRevision, lastRevision } as Parameters<typeof spanOf>[0])
  assert.deepEqual([span(3, 3), span(2, 5)], ['revision 3', 'revisions 2 to 5'])
})
