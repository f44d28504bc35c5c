import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Digest, isCoded } from '@steadfleet/base'
import { readDelta, toByteSource } from '@steadfleet/bundle'
import { type DeltaGround, makeDeltaVectors, readGround } from './vectors-delta.ts'

interface Frozen {
  readonly file: string
  readonly bytes?: number
  readonly done?: readonly Digest[]
  readonly refused?: string
}

const index = JSON.parse(
  readFileSync(new URL('../vectors/delta/index.json', import.meta.url), 'utf8'),
)
const ground = await readGround()
const made = await makeDeltaVectors(ground)

test('every frozen delta can be made anew, and no other', () => {
  const files = index.deltas.map(({ file }: Frozen) => file)
  assert.deepEqual([...made.keys()].sort(), files.sort())
})

for (const frozen of index.deltas as Frozen[]) {
  test(`${frozen.file}, made anew, comes to the same`, async () => {
    assert.equal(await outcomeOf(made.get(frozen.file)!, frozen, ground), frozen.refused)
  })
}

async function outcomeOf(
  delta: Uint8Array,
  { bytes, done }: Frozen,
  { from, tree, objects, ...held }: DeltaGround,
): Promise<string | undefined> {
  const open = async (digest: Digest) => toByteSource(objects.get(digest)!)
  const target = { from, tree, bytes: bytes ?? held.bytes, open, done: new Set(done) }
  try {
    for await (const { content } of readDelta(toByteSource(delta), target)) {
      for await (const _ of content);
    }
    return undefined
  } catch (error) {
    if (isCoded(error)) return error.code
    throw error
  }
}
