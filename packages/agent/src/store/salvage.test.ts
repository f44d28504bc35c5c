import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Digest, digestOf, toHexDigest, toUtf8 } from '@steadfleet/base'
import { makeHeader, objectsOf, toTreeBytes, writeBundle } from '@steadfleet/bundle'
import { LaidTrees } from '../testing/laid-trees.test.ts'
import { salvage } from './salvage.ts'

const pieces = Array.from({ length: 40 }, (_, i) => noise(i))
const files = Object.fromEntries(pieces.map((piece, i) => [`share/${i}`, piece]))

test('what came whole of a bundle that nobody goes on with is taken out of it', async () => {
  await using laid = await LaidTrees.make()
  const { tree, bundle } = await half(laid, 0.7)
  const missing = new Set(pieces.map(digestOf))
  await salvage(laid, laid.trees, new Set(), missing)
  const left = await laid.objects.missing(missing)
  assert.ok(left.length < 30, `${left.length} of 40 are missing of what came to seven tenths`)
  assert.ok(left.length > 5, 'what did not come is not there')
  assert.deepEqual(await readdir(laid.paths.incoming), [], `${tree} ${bundle}`)
})

test('no more is taken out than is missing, and what will be gone on with is left alone', async () => {
  await using laid = await LaidTrees.make()
  const { tree, bundle } = await half(laid, 0.7)
  await salvage(laid, laid.trees, new Set([tree]), new Set(pieces.map(digestOf)))
  assert.deepEqual(await readdir(laid.paths.incoming), [bundle])
  await salvage(laid, laid.trees, new Set(), new Set([digestOf(pieces[3]!)]))
  assert.deepEqual(await laid.objects.missing(pieces.slice(3, 5).map(digestOf)), [
    digestOf(pieces[4]!),
  ])
})

const spoilt: [what: string, bytes: Uint8Array][] = [
  ['empty', new Uint8Array()],
  ['no bundle', toUtf8('half of something else')],
]
for (const [what, bytes] of spoilt) {
  test(`a file that is ${what} is removed`, async () => {
    await using laid = await LaidTrees.make()
    const { bundle } = await half(laid, 1)
    await writeFile(join(laid.paths.incoming, bundle), bytes)
    await salvage(laid, laid.trees, new Set(), new Set(pieces.map(digestOf)))
    assert.deepEqual(await readdir(laid.paths.incoming), [])
  })
}

/** The first part of a bundle of a tree of which only the listing is here. */
async function half(laid: LaidTrees, part: number): Promise<{ tree: Digest; bundle: string }> {
  await using other = await LaidTrees.make()
  const tree = await other.bring(files)
  const listing = await other.trees.listing(tree)
  await laid.put(toTreeBytes(listing))
  const refs = objectsOf(listing).map(({ digest, size }) => ({ digest, length: size }))
  const contents = refs.map(ref => ({ ...ref, content: once(other, ref.digest) }))
  const parts: Uint8Array[] = []
  for await (const bytes of writeBundle(contents, makeHeader(tree, refs))) {
    parts.push(bytes)
  }
  const whole = Buffer.concat(parts)
  const bundle = `${toHexDigest(tree)}.bundle`
  await writeFile(join(laid.paths.incoming, bundle), whole.subarray(0, whole.length * part))
  return { tree, bundle }
}

async function* once({ objects }: LaidTrees, digest: Digest): AsyncGenerator<Uint8Array> {
  yield await objects.read(digest)
}

/** 40 kB that do not compress, the same in every run. */
function noise(n: number): Uint8Array {
  const parts = Array.from({ length: 1250 }, (_, i) =>
    createHash('sha256').update(`${n} ${i}`).digest(),
  )
  return Buffer.concat(parts)
}
