import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { equalBytes, parseDigest, toUtf8 } from '@steadfleet/base'
import {
  acceptLogged,
  isConsistent,
  isIncluded,
  leafHash,
  logPolicy,
  openCheckpoint,
  parseLogProof,
  type TreeHead,
  toLeaf,
} from '@steadfleet/trust'
import fc from 'fast-check'
import {
  appendLeaves,
  entriesPath,
  growLog,
  openTree,
  parseEntryBundle,
  proveLogged,
  readLeaves,
  readNewest,
  type Signer,
  type TileStore,
  tilePath,
  toEntryBundle,
  toLogProofText,
} from './index.ts'
import {
  pretendCosigned,
  pretendLog,
  pretendLogPolicy,
  pretendOrigin,
  pretendSigner,
  pretendTiles,
} from './testing/index.ts'

describe('the path of', () => {
  const rows: [made: string, path: string][] = [
    [tilePath(0, 0), 'tile/0/000'],
    [tilePath(0, 5, 255), 'tile/0/005.p/255'],
    [tilePath(1, 999), 'tile/1/999'],
    [tilePath(2, 1000, 1), 'tile/2/x001/000.p/1'],
    [tilePath(63, 1_234_067), 'tile/63/x001/x234/067'],
    [entriesPath(1_234_067), 'tile/entries/x001/x234/067'],
    [entriesPath(3, 17), 'tile/entries/003.p/17'],
  ]
  for (const [made, path] of rows)
    test(`${path} is that of tlog-tiles`, () => assert.equal(made, path))
})

describe('a log of 70,000', () => {
  test('has the tiles that tlog-tiles counts for it', async () => {
    const { files, ...store } = pretendTiles()
    await appendLeaves(store, 0, leaves(0, 70_000))
    const names = [...files.keys()]
    const hashes = (level: number) => names.filter(name => name.startsWith(`tile/${level}/`))
    assert.equal(hashes(0).filter(name => !name.includes('.p/')).length, 273)
    assert.deepEqual(partial(hashes(0)), ['tile/0/273.p/112'])
    assert.deepEqual(hashes(1), ['tile/1/000', 'tile/1/001.p/17'])
    assert.deepEqual(hashes(2), ['tile/2/000.p/1'])
    assert.equal(files.get('tile/0/000')?.length, 8192)
    const tree = openTree(store, 70_000)
    const head = await tree.head()
    for (const index of [0, 255, 256, 65_535, 65_536, 69_999]) {
      const proof = await tree.proveInclusion(index)
      assert.ok(isIncluded(head, index, leafHash(toUtf8(`leaf ${index}`)), proof), `${index}`)
    }
    for (const older of [1, 255, 256, 257, 65_536, 65_537, 70_000]) {
      const was = await appendLeaves(pretendTiles(), 0, leaves(0, older))
      assert.ok(isConsistent(was, head, await tree.proveConsistency(older)), `${older}`)
    }
  })
})

describe('leaves that are appended', () => {
  const parts = fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 5 })

  test('in parts make the tree of all at once, and each proof of each part holds', async () => {
    await fc.assert(
      fc.asyncProperty(parts, fc.nat(), async (widths, where) => {
        const store = pretendTiles()
        let size = 0
        let previous: TreeHead | undefined
        for (const width of widths) {
          const head = await appendLeaves(store, size, leaves(size, size + width))
          const tree = openTree(store, size + width)
          const index = where % (size + width)
          const proof = await tree.proveInclusion(index)
          assert.ok(isIncluded(head, index, leafHash(toUtf8(`leaf ${index}`)), proof))
          if (previous) assert.ok(isConsistent(previous, head, await tree.proveConsistency(size)))
          size += width
          previous = head
        }
        const whole = await appendLeaves(pretendTiles(), 0, leaves(0, size))
        assert.ok(previous && equalBytes(previous.root, whole.root))
        assert.deepEqual(await readLeaves(store, size, [0, size]), leaves(0, size))
        const [from, to] = [where % size, Math.min(size, (where % size) + 300)]
        assert.deepEqual(await readLeaves(store, size, [from, to]), leaves(from, to))
      }),
      { numRuns: 25 },
    )
  })

  test('and lost at any write leave the tree before them, and can be appended again', async () => {
    const before = new Map<string, Uint8Array>()
    const head = await appendLeaves(pretendTiles(before), 0, leaves(0, 500))
    const whole = await appendLeaves(pretendTiles(), 0, leaves(0, 800))
    for (let writes = 0; writes < 7; writes++) {
      const store = pretendTiles(new Map(before))
      const other = Array.from({ length: 300 }, (_, i) => toUtf8(`lost ${i}`))
      await assert.rejects(appendLeaves(failingAt(store, writes), 500, other), /power is lost/)
      assert.deepEqual(await openTree(store, 500).head(), head)
      assert.deepEqual(await readLeaves(store, 500, [0, 500]), leaves(0, 500))
      assert.deepEqual(await appendLeaves(store, 500, leaves(500, 800)), whole)
      const index = 700
      const proof = await openTree(store, 800).proveInclusion(index)
      assert.ok(isIncluded(whole, index, leafHash(toUtf8(`leaf ${index}`)), proof))
    }
  })

  test('find partial tiles gone where the full ones are there', async () => {
    const store = pretendTiles()
    const head = await appendLeaves(store, 0, leaves(0, 200))
    await appendLeaves(store, 200, leaves(200, 300))
    store.files.delete('tile/0/000.p/200')
    store.files.delete('tile/entries/000.p/200')
    assert.deepEqual(await openTree(store, 200).head(), head)
    assert.equal((await readLeaves(store, 200, [0, 200])).length, 200)
  })
})

describe('a keeper', () => {
  const keeperOf = (store: TileStore) => ({
    store,
    origin: pretendOrigin,
    signer: pretendSigner('log'),
  })

  test('that dies at any write never signs two trees of one size', async () => {
    for (let writes = 0; writes < 7; writes++) {
      const store = pretendTiles()
      const signed: string[] = []
      const keeper = (tiles: TileStore) => ({ ...keeperOf(tiles), signer: noting(signed) })
      await growLog(keeper(store), leaves(0, 250))
      const before = await readNewest(keeperOf(store))
      const lost = growLog(keeper(failingAt(store, writes)), leaves(900, 910))
      await lost.catch(() => undefined)
      const { first, note } = await growLog(keeper(store), leaves(0, 5))
      assert.ok(first === 250 || first === 260, `${first}`)
      const sizes = new Set(signed).values().map(text => text.split('\n')[1])
      assert.equal(new Set(sizes).size, new Set(signed).size)
      const proof = await proveLogged(store, note, first, 250)
      const policy = logPolicy(pretendLogPolicy([], 0), 'policy')
      assert.equal(acceptLogged(policy, before, proof, toUtf8('leaf 0')).size, first + 5)
    }
  })

  test('does not go on from a checkpoint that is not its own, or damaged', async () => {
    const store = pretendTiles()
    await growLog(keeperOf(store), leaves(0, 3))
    const stranger = { ...keeperOf(store), signer: pretendSigner('mallory') }
    await assert.rejects(growLog(stranger, leaves(3, 4)), { code: 'trust/not-logged' })
    store.files.set('signed', toUtf8('log.example'))
    await assert.rejects(growLog(keeperOf(store), leaves(3, 4)), { code: 'trust/malformed' })
  })
})

describe('what cannot be', () => {
  const refused: [why: string, deed: (store: TileStore) => Promise<unknown>][] = [
    ['appended: no leaf', store => appendLeaves(store, 300, [])],
    [
      'appended: a leaf over 65,535 bytes',
      store => appendLeaves(store, 300, [new Uint8Array(65_536)]),
    ],
    ['proved: a leaf beyond the tree', store => openTree(store, 300).proveInclusion(300)],
    ['proved: a size above the tree’s', store => openTree(store, 300).proveConsistency(301)],
    ['proved: history from nothing', store => openTree(store, 300).proveConsistency(0)],
    ['opened: an empty tree', async store => openTree(store, 0)],
    ['read: a tree whose tiles are gone', () => openTree(pretendTiles(), 300).head()],
    ['read: leaves whose bundles are gone', () => readLeaves(pretendTiles(), 9, [0, 9])],
    ['read: a tile cut short', store => openTree(cutting(store), 300).head()],
  ]
  for (const [why, deed] of refused) {
    test(why, async () => {
      const { store } = await pretendLog(300)
      await assert.rejects(async () => deed(store), { code: 'authority/log' })
    })
  }

  test('read: a bundle cut anywhere inside an entry', () => {
    const bundle = toEntryBundle([toUtf8('one'), toUtf8('three')])
    assert.deepEqual(parseEntryBundle(bundle), [toUtf8('one'), toUtf8('three')])
    for (const end of [1, 2, 4, 6, 7, 11]) {
      assert.throws(() => parseEntryBundle(bundle.slice(0, end)), { code: 'authority/log' })
    }
  })
})

test('a release is shown to be in the log, to a stranger and to one who saw it smaller', async () => {
  const digest = parseDigest(`sha256:${'ab'.repeat(32)}`)
  const leaf = toLeaf({
    type: 'release',
    catalogue: digest,
    path: 'acme/greenhouse/3/amd64',
    digest: digest,
    length: 812,
  })
  assert.equal(
    Buffer.from(leaf).toString(),
    `{"catalogue":"${digest}","digest":"${digest}","length":812,"path":"acme/greenhouse/3/amd64","type":"release"}`,
  )
  const small = await pretendLog(7)
  const grown = await pretendLog(9, { 8: Buffer.from(leaf).toString() })
  const policy = logPolicy(pretendLogPolicy(['w1', 'w2', 'w3'], 2), 'policy')
  const held = openCheckpoint(policy.key, await small.checkpointBy('log'))
  const note = await pretendCosigned(await grown.checkpointBy('log'), ['w1', 'w3'])
  for (const known of [undefined, held]) {
    const text = toLogProofText(await proveLogged(grown.store, note, 8, known?.size))
    const { origin, size } = acceptLogged(policy, known, parseLogProof(text), leaf)
    assert.deepEqual([origin, size], [pretendOrigin, 9])
  }
})

/** A signer that remembers each text it signed, also where the signature got lost. */
function noting(signed: string[]): Signer {
  const signer = pretendSigner('log')
  const sign = (bytes: Uint8Array) => {
    signed.push(Buffer.from(bytes).toString())
    return signer.sign(bytes)
  }
  return { ...signer, sign }
}

function leaves(begin: number, end: number): Uint8Array[] {
  return Array.from({ length: end - begin }, (_, i) => toUtf8(`leaf ${begin + i}`))
}

function partial(names: readonly string[]): string[] {
  return names.filter(name => name.includes('.p/'))
}

function failingAt(store: TileStore, writes: number): TileStore {
  let left = writes
  return {
    read: path => store.read(path),
    async write(path, content) {
      if (left-- === 0) throw new Error('the power is lost')
      await store.write(path, content)
    },
  }
}

function cutting(store: TileStore): TileStore {
  return { ...store, read: async path => (await store.read(path))?.slice(0, 31) }
}
