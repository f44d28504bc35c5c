import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Digest, digestOf, toUtf8 } from '@steadfleet/base'
import fc from 'fast-check'
import {
  type ByteSource,
  type DeltaTarget,
  digestOfTree,
  makeTree,
  readDelta,
  sizeOf,
  type TreeListing,
  toByteSource,
  toTreeBytes,
  writeDelta,
} from '../index.ts'

type Files = Readonly<Record<string, Uint8Array>>

describe('a delta', () => {
  test('makes of an old tree the new one, whatever was edited', async () => {
    await fc.assert(
      fc.asyncProperty(editedFiles, async ({ old, next }) => {
        const delta = await deltaOf(old, next)
        assert.deepEqual(await madeOf(delta, old, next), missing(old, next))
      }),
      { numRuns: 60 },
    )
  })

  test('of large files is made window by window where memory is short', async () => {
    const old = { 'a/data': noise(5_000_000, 1) }
    const next = { 'a/data': edited(old['a/data'], 400) }
    const delta = await deltaOf(old, next, 32 << 20)
    assert.deepEqual(await madeOf(delta, old, next), missing(old, next))
    assert.ok(delta.length < 60_000, `${delta.length} bytes`)
  })

  const finds: [what: string, old: string, next: string][] = [
    ['a library under its next version', 'lib/libfoo.so.1.2', 'lib/libfoo.so.1.3'],
    ['a module of the next kernel', 'modules/6.1.0-55/net/tun.ko', 'modules/6.1.0-56/net/tun.ko'],
    ['a file that moved', 'bin/tool', 'sbin/tool'],
    ['a file under another name, by its content', 'share/one', 'etc/other.dat'],
  ]
  for (const [what, from, to] of finds) {
    test(`finds what it grew from: ${what}`, async () => {
      const content = noise(40_000, 2)
      const stranger = noise(40_000, 3)
      const old = { [from]: content, 'lib/libbar.so.1': stranger }
      const next = { [to]: edited(content, 10), 'lib/libbar.so.1': stranger }
      const delta = await deltaOf(old, next)
      assert.deepEqual(await madeOf(delta, old, next), missing(old, next))
      assert.ok(delta.length < 2_000, `${delta.length} bytes`)
    })
  }

  test('goes on after a stop with what was kept before', async () => {
    const old = { a: noise(50_000, 4), b: noise(50_000, 5), c: noise(10, 6) }
    const next = { a: edited(old.a, 5), b: edited(old.b, 5), c: noise(9_000, 7), d: noise(50, 8) }
    const delta = await deltaOf(old, next)
    const whole = await madeOf(delta, old, next)
    for (let kept = 0; kept < whole.length; kept++) {
      const done = new Set(whole.slice(0, kept).map(digestOf))
      const rest = await madeOf(delta, old, next, { done })
      assert.deepEqual(rest, [whole[0], ...whole.slice(Math.max(1, kept))])
    }
  })

  test('whose reader skips objects is checked all the same', async () => {
    const { old, next } = example
    const delta = await deltaOf(old, next)
    const seen: Digest[] = []
    for await (const { digest } of readDelta(toByteSource(delta), targetOf(old, next))) {
      seen.push(digest)
    }
    assert.deepEqual(seen, missing(old, next).map(digestOf))
  })

  test('with any one byte changed is refused or makes the same', async () => {
    const { old, next } = example
    const delta = await deltaOf(old, next)
    for (let at = 0; at < delta.length; at++) {
      const changed = delta.map((byte, i) => (i === at ? byte ^ 0x10 : byte))
      const outcome = await madeOf(changed, old, next).catch(codeOf)
      if (typeof outcome === 'string') assert.match(outcome, /^bundle\//)
      else assert.deepEqual(outcome, missing(old, next))
    }
  })

  test('that is cut anywhere is refused', async () => {
    const { old, next } = example
    const delta = await deltaOf(old, next)
    for (let length = 0; length < delta.length; length++) {
      const made = madeOf(delta.subarray(0, length), old, next)
      await assert.rejects(made, { code: 'bundle/cut' })
    }
  })

  test('with a byte after its end is refused', async () => {
    const { old, next } = example
    const longer = new Uint8Array([...(await deltaOf(old, next)), 0])
    await assert.rejects(madeOf(longer, old, next), { code: 'bundle/excess' })
  })

  const wrong: [what: string, change: Partial<DeltaTarget>, code: string][] = [
    ['another older tree', { from: toTreeBytes(treeOf({})) }, 'bundle/base'],
    ['another tree than was asked for', { tree: digestOf(toUtf8('x')) }, 'bundle/wrong-object'],
    ['more bytes than allowed', { bytes: 1_000 }, 'bundle/too-large'],
    [
      'an old object of another length',
      { open: async () => toByteSource(toUtf8('x')) },
      'bundle/base',
    ],
    [
      'an old object of other content',
      { open: async () => toByteSource(new Uint8Array(20_000)) },
      'bundle/digest',
    ],
  ]
  for (const [what, change, code] of wrong) {
    test(`for ${what} is refused`, async () => {
      const { old, next } = example
      await assert.rejects(madeOf(await deltaOf(old, next), old, next, change), { code })
    })
  }
})

/** A tree of an edited file and a new one. */
const example = (() => {
  const old = { 'a/data': noise(20_000, 9), 'a/kept': toUtf8('kept') }
  return { old, next: { ...old, 'a/data': edited(old['a/data'], 12), 'a/new': toUtf8('new') } }
})()

const content = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc.tuple(fc.integer({ min: 0, max: 70_000 }), fc.nat()).map(([size, seed]) => noise(size, seed)),
)
const edits = fc.array(
  fc.record({ at: fc.nat({ max: 70_000 }), drop: fc.nat({ max: 300 }), put: fc.uint8Array() }),
  { maxLength: 6 },
)
const name = fc.constantFrom('a', 'b', 'lib.so.1', 'lib.so.2', 'd/a', 'd/e.txt')
const editedFiles = fc
  .tuple(fc.dictionary(name, content), fc.dictionary(name, edits), fc.dictionary(name, content))
  .map(([old, changes, added]) => {
    const next: Record<string, Uint8Array> = { ...old, ...added }
    for (const [path, list] of Object.entries(changes)) {
      const bytes = list.reduce(
        (from, { at, drop, put }) =>
          Buffer.concat([from.subarray(0, at), put, from.subarray(at + drop)]),
        Buffer.from(old[path] ?? old.a ?? []),
      )
      next[path] = new Uint8Array(bytes)
    }
    return { old, next }
  })

async function deltaOf(old: Files, next: Files, memory?: number): Promise<Uint8Array> {
  const objects = new Map(
    [...Object.values(old), ...Object.values(next)].map(b => [digestOf(b), b]),
  )
  const open = async (digest: Digest): Promise<ByteSource> => toByteSource(objects.get(digest)!)
  const source = { from: treeOf(old), to: treeOf(next), open }
  return await gather(writeDelta(source, memory ? { memory } : {}))
}

async function madeOf(
  delta: Uint8Array,
  old: Files,
  next: Files,
  change: Partial<DeltaTarget> = {},
): Promise<Uint8Array[]> {
  const made: Uint8Array[] = []
  const target = { ...targetOf(old, next), ...change }
  for await (const { content } of readDelta(toByteSource(delta), target)) {
    made.push(await gather(content))
  }
  return made
}

async function gather(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk.slice())
  return new Uint8Array(Buffer.concat(chunks))
}

function targetOf(old: Files, next: Files): DeltaTarget {
  const objects = new Map(Object.values(old).map(bytes => [digestOf(bytes), bytes]))
  const tree = treeOf(next)
  return {
    from: toTreeBytes(treeOf(old)),
    tree: digestOfTree(tree),
    bytes: sizeOf(tree) + toTreeBytes(tree).length,
    open: async digest => toByteSource(objects.get(digest)!),
  }
}

/** What a delta makes: the listing, and the contents that the older tree lacks, by ending and name. */
function missing(old: Files, next: Files): Uint8Array[] {
  const held = new Set(Object.values(old).map(digestOf))
  const key = (path: string): string => {
    const name = path.slice(path.lastIndexOf('/') + 1)
    const ending = /\.([a-z]+)(\.\d+)*$/.exec(name)?.[1] ?? ''
    return [ending, name, path].join('\0')
  }
  const firsts = new Map<Digest, string>()
  for (const path of Object.keys(next).sort()) {
    const digest = digestOf(next[path]!)
    if (!held.has(digest) && !firsts.has(digest)) firsts.set(digest, path)
  }
  const paths = [...firsts.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1))
  return [toTreeBytes(treeOf(next)), ...paths.map(path => new Uint8Array(next[path]!))]
}

function treeOf(files: Files): TreeListing {
  const folders = new Set(Object.keys(files).flatMap(path => parentsOf(path)))
  return makeTree([
    ...[...folders].map(path => ({ path, kind: 'directory' as const })),
    ...Object.entries(files).map(([path, bytes]) => ({
      path,
      kind: 'file' as const,
      digest: digestOf(bytes),
      size: bytes.length,
      mode: '644' as const,
    })),
  ])
}

function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'))
}

/** The same bytes for the same seed, that nothing compresses. */
function noise(length: number, seed: number): Uint8Array {
  let state = (seed + 1) * 2_654_435_761
  return new Uint8Array(length).map(() => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  })
}

/** `times` changes, spread evenly: a byte altered, four put in, two taken out. */
function edited(bytes: Uint8Array, times: number): Uint8Array {
  const step = Math.floor(bytes.length / times)
  const parts = Array.from({ length: times }, (_, i) => {
    const part = bytes.slice(i * step, i === times - 1 ? bytes.length : (i + 1) * step)
    part[step >> 1] = (part[step >> 1] ?? 0) + 1
    return Buffer.concat([toUtf8(`<${i % 90}>`), part.subarray(i % 3)])
  })
  return new Uint8Array(Buffer.concat(parts))
}

function codeOf(error: { code: string }): string {
  return error.code
}
