import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { type Digest, digestOf, fromUtf8, toUtf8 } from '@steadfleet/base'
import { type BundleLimits, parseTree, readBundle, toTreeBytes } from './index.ts'

const vectors = new URL('../../../vectors/', import.meta.url)

interface BundleVector {
  readonly file: string
  readonly says: string
  readonly limits: {
    readonly objects: number
    readonly bytes: number
    readonly tree?: Digest
    readonly wanted?: Digest[]
  }
  readonly objects?: Digest[]
  readonly refused?: string
}

describe('the bundle', () => {
  for (const { file, says, limits, objects, refused } of rowsOf<BundleVector>('bundle')) {
    test(`${file} ${refused ? `is refused with ${refused}` : 'is read'}: ${says}`, async () => {
      const reading = digestsIn(file, toLimits(limits))
      if (refused) await assert.rejects(reading, { code: refused })
      else assert.deepEqual(await reading, objects)
    })
  }
})

interface TreeVector {
  readonly says: string
  readonly listing: string
  readonly tree?: Digest
  readonly refused?: string
}

describe('the listing', () => {
  for (const { says, listing, tree, refused } of rowsOf<TreeVector>('tree')) {
    test(`${refused ? `refused with ${refused}` : 'taken'}: ${says}`, () => {
      const bytes = toUtf8(listing)
      if (refused) return assert.throws(() => parseTree(bytes), { code: refused })
      assert.equal(fromUtf8(toTreeBytes(parseTree(bytes))), listing)
      assert.equal(digestOf(bytes), tree)
    })
  }
})

function rowsOf<Row>(folder: string): Row[] {
  return JSON.parse(readFileSync(new URL(`${folder}/index.json`, vectors), 'utf8'))
}

function toLimits({ wanted, ...limits }: BundleVector['limits']): BundleLimits {
  return wanted ? { ...limits, wanted: new Set(wanted) } : limits
}

async function digestsIn(file: string, limits: BundleLimits): Promise<Digest[]> {
  const digests: Digest[] = []
  const bytes = readFileSync(new URL(`bundle/${file}`, vectors))
  for await (const { digest, content } of readBundle(inPieces(bytes), limits)) {
    for await (const piece of content) assert.ok(piece.length > 0)
    digests.push(digest)
  }
  return digests
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100)
}
