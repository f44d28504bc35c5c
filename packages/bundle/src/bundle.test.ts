import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import { type Digest, digestOf, toUtf8 } from '@steadfleet/base'
import fc from 'fast-check'
import {
  type BundleLimits,
  type BundleObject,
  makeHeader,
  openBundle,
  readBundle,
  writeBundle,
} from './index.ts'

const limits: BundleLimits = { objects: 100, bytes: 1_000_000 }
const tree = digestOf(toUtf8('the tree'))

describe('a bundle', () => {
  test('that is read gives back what was written', async () => {
    const content = fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 20 })
    const split = fc.integer({ min: 1, max: 999 })
    await fc.assert(
      fc.asyncProperty(content, split, async (pieces, size) => {
        const objects = distinct(pieces)
        const bytes = await bundleOf(objects)
        assert.deepEqual(await contentsIn(chunked(bytes, size)), objects)
      }),
      { numRuns: 100 },
    )
  })

  test('tells its header before its objects', async () => {
    const bytes = await bundleOf([toUtf8('a')], tree)
    const { header, objects } = await openBundle(chunked(bytes, 10), limits)
    assert.equal(header.from, tree)
    assert.equal(header.objects.length, 1)
    await objects.return(undefined)
  })

  test('whose reader skips an object is checked all the same', async () => {
    const objects = ['one', 'two', 'three'].map(toUtf8)
    const seen: Digest[] = []
    for await (const { digest } of readBundle(chunked(await bundleOf(objects), 7), limits)) {
      seen.push(digest)
    }
    assert.deepEqual(seen, objects.map(digestOf))
  })

  test('with any one byte changed is refused or unpacks to the same', async () => {
    const objects = ['one', 'two', 'x'.repeat(3000)].map(toUtf8)
    const bytes = await bundleOf(objects)
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.map((byte, i) => (i === at ? byte ^ 0x10 : byte))
      const outcome = await contentsIn(chunked(changed, 64)).catch(codeOf)
      if (typeof outcome === 'string') assert.match(outcome, /^bundle\//)
      else assert.deepEqual(outcome, objects)
    }
  })

  test('that is cut anywhere is refused', async () => {
    const bytes = await bundleOf(['one', 'two'].map(toUtf8))
    for (let length = 0; length < bytes.length; length++) {
      await assert.rejects(contentsIn(chunked(bytes.subarray(0, length), 16)), {
        code: 'bundle/cut',
      })
    }
  })

  for (const size of [3, 1 << 20]) {
    test(`with more after its end is refused, in chunks of ${size}`, async () => {
      const bytes = await bundleOf([toUtf8('one')])
      const longer = new Uint8Array([...bytes, ...toUtf8('more, and more')])
      await assert.rejects(contentsIn(chunked(longer, size)), { code: 'bundle/excess' })
    })
  }

  test('with a second frame of content after its own is refused', async () => {
    const bytes = await bundleOf([toUtf8('one')])
    const longer = new Uint8Array([...bytes, ...zstdCompressSync(toUtf8('two'))])
    await assert.rejects(contentsIn(chunked(longer, 1000)), { code: 'bundle/excess' })
  })

  test('followed by frames without end that hold nothing is refused', async () => {
    const bytes = await bundleOf([toUtf8('one')])
    const nothing = zstdCompressSync(new Uint8Array(0))
    const endless = async function* () {
      yield bytes
      for (;;) yield Buffer.concat(Array(1000).fill(nothing))
    }
    await assert.rejects(contentsIn(endless()), { code: 'bundle/too-large' })
  })

  const tight: [what: string, limits: BundleLimits, code: string][] = [
    ['more objects than allowed', { objects: 1, bytes: 100 }, 'bundle/too-large'],
    ['more bytes than allowed', { objects: 2, bytes: 5 }, 'bundle/too-large'],
    ['another tree', { ...limits, tree: digestOf(toUtf8('x')) }, 'bundle/wrong-object'],
    ['an unwanted object', { ...limits, wanted: new Set<Digest>() }, 'bundle/wrong-object'],
  ]
  for (const [what, allowed, code] of tight) {
    test(`with ${what} is refused before its content is read`, async () => {
      const bytes = await bundleOf([toUtf8('one'), toUtf8('two')])
      await assert.rejects(openBundle(chunked(bytes, 10), allowed), { code })
    })
  }

  test('whose source breaks off passes the fault of the source on', async () => {
    const bytes = await bundleOf([toUtf8('one'), new Uint8Array(100_000).map((_, i) => i * 7)])
    const broken = async function* () {
      yield bytes.subarray(0, 60)
      throw Object.assign(new Error('the line is dead'), { code: 'ECONNRESET' })
    }
    await assert.rejects(contentsIn(broken()), { code: 'ECONNRESET' })
  })

  test('is not written from content that is not what it is named', async () => {
    const digest = digestOf(toUtf8('one'))
    const lying: BundleObject = { digest, length: 3, content: chunked(toUtf8('two'), 3) }
    const header = makeHeader(tree, [{ digest, length: 3 }])
    await assert.rejects(gather(writeBundle([lying], header)), { code: 'bundle/source' })
    await assert.rejects(gather(writeBundle([], header)), { code: 'bundle/source' })
  })

  test('of 300 MB passes in little memory', async () => {
    const chunk = new Uint8Array(1 << 16)
    const content = async function* () {
      for (let i = 0; i < 4800; i++) yield chunk
    }
    const { createHash } = await import('node:crypto')
    const hash = createHash('sha256')
    for await (const piece of content()) hash.update(piece)
    const digest = `sha256:${hash.digest('hex')}` as Digest
    const length = 4800 * chunk.length
    const object = { digest, length, content: content() }
    const before = process.memoryUsage().rss
    let read = 0
    const bytes = writeBundle([object], makeHeader(tree, [{ digest, length }]), { level: 1 })
    for await (const { content } of readBundle(bytes, { objects: 1, bytes: length })) {
      for await (const piece of content) read += piece.length
    }
    assert.equal(read, length)
    assert.ok(process.memoryUsage().rss - before < 200 * 1024 * 1024)
  })
})

async function bundleOf(contents: readonly Uint8Array[], from?: Digest): Promise<Uint8Array> {
  const objects = contents.map(content => ({
    digest: digestOf(content),
    length: content.length,
    content: chunked(content, 1000),
  }))
  const refs = objects.map(({ digest, length }) => ({ digest, length }))
  return await gather(writeBundle(objects, makeHeader(tree, refs, from)))
}

async function contentsIn(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const contents: Uint8Array[] = []
  for await (const { content } of readBundle(bytes, limits)) contents.push(await gather(content))
  return contents
}

async function gather(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function distinct(pieces: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(pieces.map(piece => [digestOf(piece), piece])).values()]
}

function codeOf(error: { code: string }): string {
  return error.code
}
