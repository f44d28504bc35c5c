import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { parseStrictJson } from '@steadfleet/base'
import {
  bundleVersion,
  faultInPath,
  missingFrom,
  objectsOf,
  openBundle,
  parseHeader,
  parseOfflineHead,
  parseTree,
  readBundle,
  toOfflineHead,
  toTreeBytes,
} from '@steadfleet/bundle'
import fc from 'fast-check'
import { documentsIn, filesOf } from '../seeds.ts'
import { type FuzzTarget, holds } from '../target.ts'

const codes = ['bundle/', 'tree/']
const limits = { objects: 100, bytes: 100_000 }
const prefixLength = 9

const name = fc.constantFrom('a', 'b', '..', '.', '', 'c d', 'é', '-', 'a'.repeat(256))
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map(parts => parts.join('/'))
const digest = fc.constantFrom('0', '1').map(digit => `sha256:${digit.repeat(64)}`)
const entry = fc.oneof(
  fc.record({ path, kind: fc.constant('directory') }),
  fc.record({
    path,
    kind: fc.constant('file'),
    digest,
    size: fc.nat({ max: 2 }),
    mode: fc.constantFrom('644', '755', '4755', '777'),
  }),
  fc.record({ path, kind: fc.constant('link'), target: path }),
)

/** The readers of `bundle`: listings, headers, and streams inside and outside their frame. */
export const bundleTargets: readonly FuzzTarget[] = [
  {
    name: 'bundle-tree',
    format: 'tree',
    codes: [...codes, 'json/', 'bytes/'],
    seeds: () => documentsIn('tree/index.json', text => text.startsWith('{')),
    near: fc
      .array(entry, { maxLength: 6 })
      .map(entries =>
        entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))),
      )
      .map(entries => ({ entries, format: 1, type: 'tree' })),
    read: bytes => {
      const tree = parseTree(bytes)
      holds(Buffer.compare(toTreeBytes(tree), bytes) === 0, 'a listing has one spelling')
      holds(
        tree.entries.every(({ path }) => faultInPath(path) === undefined),
        'paths stay inside',
      )
      holds(missingFrom(tree, tree).length === 0, 'a tree lacks nothing of itself')
      objectsOf(tree)
    },
  },
  {
    name: 'bundle-header',
    format: 'bundle',
    codes,
    seeds: () =>
      innerSeeds().map(bytes => bytes.slice(4, 4 + new DataView(bytes.buffer).getUint32(0))),
    read: bytes => {
      const header = parseHeader(bytes)
      holds(JSON.stringify(parseStrictJson(bytes)).includes(header.tree), 'the tree stands in it')
    },
  },
  {
    name: 'bundle-frame',
    format: 'bundle',
    codes,
    seeds: () => filesOf('bundle/*.bundle').filter(({ length }) => length < 20_000),
    read: readAll,
  },
  {
    name: 'bundle-content',
    format: 'bundle',
    codes,
    seeds: innerSeeds,
    wrap: inner => {
      const magic = filesOfOnce().subarray(0, prefixLength - 1)
      return new Uint8Array(
        Buffer.concat([magic, Buffer.of(bundleVersion), zstdCompressSync(inner)]),
      )
    },
    read: readAll,
  },
  {
    name: 'bundle-offline-head',
    format: 'offline',
    codes,
    seeds: () => offlineHeads.map(toOfflineHead),
    read: bytes => {
      const head = parseOfflineHead(bytes)
      holds(Buffer.compare(toOfflineHead(head), bytes) === 0, 'a head has one spelling')
      holds(!head.name.includes('..') || head.kind === 'document', 'no name leads elsewhere')
    },
  },
]

const sum = new Uint8Array(32).fill(7)
const offlineHeads = [
  { kind: 'document', name: '/v1/catalogues/acme/3.root.json', length: 900, sum },
  { kind: 'bundle', name: '0123456789abcdef'.repeat(4), length: 1 << 20, sum },
  { kind: 'end', name: '', length: 0, sum },
] as const

async function readAll(bytes: Uint8Array): Promise<void> {
  let length = 0
  const taken: string[] = []
  for await (const object of readBundle(inPieces(bytes), limits)) {
    taken.push(object.digest)
    for await (const piece of object.content) length += piece.length
  }
  const { header, objects } = await openBundle(inPieces(bytes), limits)
  await objects.return(undefined)
  holds(length <= limits.bytes, 'no more is unpacked than was allowed')
  holds(String(header.objects.map(object => object.digest)) === String(taken), 'all objects came')
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 512) yield bytes.subarray(at, at + 512)
}

let whole: Uint8Array | undefined
function filesOfOnce(): Uint8Array {
  whole ??= filesOf('bundle/whole.bundle')[0] ?? new Uint8Array()
  return whole
}

/** What the frozen bundles hold inside their frame. */
function innerSeeds(): Uint8Array[] {
  return ['whole', 'delta', 'empty', 'unknown-member', 'header-critical', 'excess-content'].flatMap(
    name =>
      filesOf(`bundle/${name}.bundle`).map(
        bytes => new Uint8Array(zstdDecompressSync(bytes.subarray(prefixLength))),
      ),
  )
}
