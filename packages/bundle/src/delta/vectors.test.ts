import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { inflateSync } from 'node:zlib'
import { type Digest, digestOf, fromBase64, toUtf8 } from '@steadfleet/base'
import { type DeltaTarget, readDelta, toByteSource } from '../index.ts'

const vectors = new URL('../../../../vectors/delta/', import.meta.url)

interface DeltaVectors {
  readonly tree: Digest
  readonly bytes: number
  readonly from: string
  /** What each old object holds: base64 of a zlib stream. */
  readonly objects: Readonly<Record<Digest, string>>
  readonly deltas: readonly {
    readonly file: string
    readonly says: string
    readonly bytes?: number
    readonly done?: readonly Digest[]
    readonly objects?: readonly Digest[]
    readonly refused?: string
  }[]
}

const { tree, bytes, from, objects, deltas }: DeltaVectors = JSON.parse(
  readFileSync(new URL('index.json', vectors), 'utf8'),
)

describe('the delta', () => {
  for (const { file, says, refused, objects: made, ...limits } of deltas) {
    test(`${file} ${refused ? `is refused with ${refused}` : 'is applied'}: ${says}`, async () => {
      const done = new Set(limits.done ?? [])
      const reading = digestsIn(file, { ...target, bytes: limits.bytes ?? bytes, done })
      if (refused) await assert.rejects(reading, { code: refused })
      else assert.deepEqual(await reading, made)
    })
  }
})

const target: DeltaTarget = {
  from: toUtf8(from),
  tree,
  bytes,
  open: async digest => {
    const content = new Uint8Array(inflateSync(fromBase64(objects[digest] ?? '')))
    assert.equal(digestOf(content), digest)
    return toByteSource(content)
  },
}

async function digestsIn(file: string, limits: DeltaTarget): Promise<Digest[]> {
  const digests: Digest[] = []
  const delta = toByteSource(new Uint8Array(readFileSync(new URL(file, vectors))))
  for await (const { digest, content } of readDelta(delta, limits)) {
    for await (const piece of content) assert.ok(piece.length > 0)
    digests.push(digest)
  }
  return digests
}
