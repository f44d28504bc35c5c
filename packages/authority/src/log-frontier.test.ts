import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toUtf8 } from '@steadfleet/base'
import { leafHash } from '@steadfleet/trust'
import { appendLeaves, emptyFrontier, frontierHead, growFrontier } from './index.ts'
import { pretendTiles } from './testing/index.ts'

describe('a frontier', () => {
  const rows: [first: number, more: number][] = [
    [1, 0],
    [1, 1],
    [2, 1],
    [3, 4],
    [7, 1],
    [255, 1],
    [256, 257],
    [300, 700],
  ]
  for (const [first, more] of rows) {
    test(`of ${first} leaves and ${more} more is that of the tree`, async () => {
      const leaves = Array.from({ length: first + more }, (_, i) => toUtf8(`leaf ${i}`))
      const hashes = leaves.map(leafHash)
      const begun = growFrontier(emptyFrontier, hashes.slice(0, first))
      const grown = growFrontier(begun, hashes.slice(first))
      assert.deepEqual(frontierHead(grown), await appendLeaves(pretendTiles(), 0, leaves))
    })
  }

  test('of nothing has no head', () => assert.equal(frontierHead(emptyFrontier), undefined))
})
