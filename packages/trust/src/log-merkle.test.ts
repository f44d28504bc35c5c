import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { toUtf8 } from '@steadfleet/base'
import fc from 'fast-check'
import { isConsistent, isIncluded, leafHash, nodeHash, type TreeHead } from './index.ts'

const vectors = fileURLToPath(new URL('../../../../shared/data/vectors/merkle/', import.meta.url))
const skip = existsSync(vectors) ? false : '../shared/data/vectors/merkle is not there'

interface InclusionVector {
  readonly leafIdx: number
  readonly treeSize: number
  readonly root: string | null
  readonly leafHash: string | null
  readonly proof: readonly string[] | null
  readonly wantErr: boolean
}
interface ConsistencyVector {
  readonly size1: number
  readonly size2: number
  readonly root1: string | null
  readonly root2: string | null
  readonly proof: readonly string[] | null
  readonly wantErr: boolean
}

describe('the vectors of transparency-dev/merkle', { skip }, () => {
  test('are there: 98 of each kind', () => {
    assert.equal(globSync('inclusion/**/*.json', { cwd: vectors }).length, 98)
    assert.equal(globSync('consistency/**/*.json', { cwd: vectors }).length, 98)
  })

  for (const name of globSync('inclusion/**/*.json', { cwd: vectors }).sort()) {
    const vector: InclusionVector = JSON.parse(readFileSync(vectors + name, 'utf8'))
    const isEmpty = vector.treeSize === 0 || !vector.root || !vector.leafHash
    const wanted = !vector.wantErr && !isEmpty
    test(`${name} is ${wanted ? 'taken' : 'refused'}`, () => {
      const tree = { size: vector.treeSize, root: bytes(vector.root) }
      const proof = (vector.proof ?? []).map(bytes)
      assert.equal(isIncluded(tree, vector.leafIdx, bytes(vector.leafHash), proof), wanted)
    })
  }

  for (const name of globSync('consistency/**/*.json', { cwd: vectors }).sort()) {
    const vector: ConsistencyVector = JSON.parse(readFileSync(vectors + name, 'utf8'))
    const isEmpty = vector.size1 === 0 || vector.size2 === 0 || !vector.root1 || !vector.root2
    // Roots of these vectors that are no SHA-256 stand for "empty is consistent with all".
    const isHash = bytes(vector.root1).length === 32 && bytes(vector.root2).length === 32
    const wanted = !vector.wantErr && !isEmpty && isHash
    test(`${name} is ${wanted ? 'taken' : 'refused'}`, () => {
      const older = { size: vector.size1, root: bytes(vector.root1) }
      const newer = { size: vector.size2, root: bytes(vector.root2) }
      assert.equal(isConsistent(older, newer, (vector.proof ?? []).map(bytes)), wanted)
    })
  }
})

describe('the hash of', () => {
  test('an empty leaf and of a node are those of RFC 6962', () => {
    assert.equal(
      hex(leafHash(toUtf8(''))),
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    )
    const l123456 = leafHash(toUtf8('L123456'))
    assert.equal(hex(l123456), '395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56')
    const node = nodeHash(toUtf8('N123'), toUtf8('N456'))
    assert.equal(hex(node), 'aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb')
  })
})

describe('in a tree of any size', () => {
  const sizes = fc.integer({ min: 1, max: 200 })

  test('each proof of a leaf holds, and no change of it does', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (size, at, where, by) => {
          const index = at % size
          const tree = treeOf(size)
          const leaf = leafHash(leafOf(index))
          const proof = path(index, 0, size)
          assert.ok(isIncluded(tree, index, leaf, proof))
          for (const hurt of hurtOf(proof, where, by))
            assert.ok(!isIncluded(tree, index, leaf, hurt))
          const wrong = changed(leaf, where, by)
          assert.ok(!isIncluded(tree, index, wrong, proof))
          assert.ok(!isIncluded({ ...tree, root: wrong }, index, leaf, proof))
          if (size > 1) assert.ok(!isIncluded(tree, (index + 1) % size, leaf, proof))
          for (const bad of [-1, 0.5, size, Number.NaN, 2 ** 53]) {
            assert.ok(!isIncluded(tree, bad, leaf, proof))
          }
        },
      ),
      { numRuns: 150 },
    )
  })

  test('each proof between two sizes holds, and no change of it does', () => {
    fc.assert(
      fc.property(sizes, sizes, fc.nat(), fc.integer({ min: 1, max: 255 }), (a, b, where, by) => {
        const [older, newer] = [treeOf(Math.min(a, b)), treeOf(Math.max(a, b))]
        const proof = a === b ? [] : subproof(older.size, 0, newer.size, true)
        assert.ok(isConsistent(older, newer, proof))
        for (const hurt of hurtOf(proof, where, by)) assert.ok(!isConsistent(older, newer, hurt))
        const wrong = changed(older.root, where, by)
        assert.ok(!isConsistent({ ...older, root: wrong }, newer, proof))
        assert.ok(!isConsistent(older, { ...newer, root: wrong }, proof))
        if (a !== b) assert.ok(!isConsistent(newer, older, proof))
      }),
      { numRuns: 150 },
    )
  })

  test('beyond 32 bits the same holds: a path is walked by division, not by shifts', () => {
    const leaf = leafHash(leafOf(0))
    const proof = Array.from({ length: 40 }, (_, i) => leafHash(leafOf(i + 1)))
    const root = proof.reduce((hash, sibling) => nodeHash(sibling, hash), leaf)
    assert.ok(isIncluded({ size: 2 ** 40, root }, 2 ** 40 - 1, leaf, proof))
    assert.ok(!isIncluded({ size: 2 ** 40, root }, 2 ** 40 - 2, leaf, proof))
  })

  test('nothing is in an empty tree, and nothing is said of one', () => {
    const empty = { size: 0, root: new Uint8Array() }
    assert.ok(!isIncluded(empty, 0, leafHash(leafOf(0)), []))
    assert.ok(!isConsistent(empty, treeOf(3), []))
    assert.ok(!isConsistent(empty, empty, []))
  })
})

// The tree as RFC 6962 §2.1 defines it, slow and plain: the oracle of what is above.

function leafOf(index: number): Uint8Array {
  return toUtf8(`leaf ${index}`)
}

function treeOf(size: number): TreeHead {
  return { size, root: mth(0, size) }
}

function mth(begin: number, end: number): Uint8Array {
  if (end - begin === 1) return leafHash(leafOf(begin))
  const k = begin + split(end - begin)
  return nodeHash(mth(begin, k), mth(k, end))
}

function path(m: number, begin: number, end: number): Uint8Array[] {
  if (end - begin === 1) return []
  const k = begin + split(end - begin)
  return m < k ? [...path(m, begin, k), mth(k, end)] : [...path(m, k, end), mth(begin, k)]
}

function subproof(m: number, begin: number, end: number, isRoot: boolean): Uint8Array[] {
  if (m === end) return isRoot ? [] : [mth(begin, end)]
  const k = begin + split(end - begin)
  return m <= k
    ? [...subproof(m, begin, k, isRoot), mth(k, end)]
    : [...subproof(m, k, end, false), mth(begin, k)]
}

function split(width: number): number {
  let half = 1
  while (half * 2 < width) half *= 2
  return half
}

/** A byte changed, a hash dropped, added or cut: none is the proof. */
function hurtOf(proof: readonly Uint8Array[], where: number, by: number): Uint8Array[][] {
  const added = [
    [...proof, leafHash(leafOf(0))],
    [leafHash(leafOf(0)), ...proof],
  ]
  const at = proof.length === 0 ? 0 : where % proof.length
  const hash = proof[at]
  if (hash === undefined) return added
  const other = changed(hash, where, by)
  return [...added, proof.with(at, other), proof.toSpliced(at, 1), proof.with(at, hash.slice(1))]
}

function changed(hash: Uint8Array, where: number, by: number): Uint8Array {
  return hash.map((byte, at) => (at === where % 32 ? byte ^ by : byte))
}

function bytes(base64: string | null): Uint8Array {
  return new Uint8Array(Buffer.from(base64 ?? '', 'base64'))
}

function hex(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex')
}
