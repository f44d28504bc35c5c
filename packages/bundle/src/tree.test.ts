import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Digest, digestOf, toUtf8 } from '@steadfleet/base'
import fc from 'fast-check'
import {
  contentsOf,
  digestOfTree,
  type FileEntry,
  faultInPath,
  makeTree,
  missingFrom,
  objectsOf,
  parentOf,
  parseTree,
  sizeOf,
  type TreeEntry,
  toTreeBytes,
} from './index.ts'

const digests = ['a', 'b', 'c'].map(text => digestOf(toUtf8(text)))

describe('a tree', () => {
  test('made of any entries is read back as it was', () => {
    const name = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map(parts => parts.join('/'))
    fc.assert(
      fc.property(fc.array(fc.tuple(path, fc.nat(2)), { maxLength: 30 }), drafts => {
        const entries = entriesOf(drafts.filter(([one]) => faultInPath(one) === undefined))
        const tree = makeTree(entries)
        assert.deepEqual(parseTree(toTreeBytes(tree)), tree)
        assert.deepEqual(digestOfTree(makeTree(entries.toReversed())), digestOfTree(tree))
      }),
    )
  })

  test('never holds a path that a file system would take for another', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), path => {
        if (faultInPath(path) !== undefined) return
        const { pathname } = new URL(`file:///${path.split('/').map(encodeURIComponent).join('/')}`)
        assert.equal(decodeURIComponent(pathname), `/${path}`)
        assert.ok(!path.includes('\0') && !path.startsWith('/'))
      }),
    )
  })

  test('lists each object once, in the order of its paths', () => {
    const tree = makeTree([file('a', 1), file('b', 0), file('c', 1)])
    assert.deepEqual(objectsOf(tree), [
      { digest: digests[1], size: 1 },
      { digest: digests[0], size: 1 },
    ])
    assert.equal(sizeOf(tree), 3)
  })

  test('needs of its objects only those that another tree lacks', () => {
    const base = makeTree([file('x', 0)])
    const tree = makeTree([file('a', 0), file('b', 2)])
    assert.deepEqual(missingFrom(tree, base), [{ digest: digests[2], size: 1 }])
    assert.deepEqual(missingFrom(tree, tree), [])
    assert.deepEqual(
      contentsOf(tree, base).map(({ digest }) => digest),
      [digestOfTree(tree), digests[2]],
    )
  })

  test('of a million files is refused', () => {
    const entry = '{"kind":"directory","path":"a"}'
    const entries = Array.from({ length: 1_000_000 }, () => entry).join()
    const bytes = toUtf8(`{"entries":[${entries}],"format":1,"type":"tree"}`)
    assert.throws(() => parseTree(bytes), { code: 'tree/too-many' })
    const many = Array.from({ length: 200_001 }, (_, i) => ({
      kind: 'directory' as const,
      path: `${i}`,
    }))
    assert.throws(() => makeTree(many), { code: 'tree/too-many' })
  })

  test('of twenty thousand files is read', () => {
    const folders = Array.from({ length: 100 }, (_, i) => ({ path: `d${i}`, kind: 'directory' }))
    const files = Array.from({ length: 20_000 }, (_, i) => file(`d${i % 100}/${i}`, i % 3))
    const bytes = toTreeBytes(makeTree([...(folders as TreeEntry[]), ...files]))
    assert.equal(parseTree(bytes).entries.length, 20_100)
  })
})

function file(path: string, which: number): FileEntry {
  return { path, kind: 'file', digest: digests[which] as Digest, size: 1, mode: '644' }
}

/** Files at these paths where no other is in the way, and the folders that hold them. */
function entriesOf(drafts: readonly [path: string, which: number][]): TreeEntry[] {
  const entries = new Map<string, TreeEntry>()
  for (const [path, which] of drafts) {
    const parents: string[] = []
    for (let one = parentOf(path); one !== ''; one = parentOf(one)) parents.push(one)
    if (entries.has(path) || parents.some(one => entries.get(one)?.kind === 'file')) continue
    for (const one of parents) entries.set(one, { path: one, kind: 'directory' })
    entries.set(path, file(path, which))
  }
  return [...entries.values()]
}
