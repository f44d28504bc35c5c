import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Digest } from '@steadfleet/base'
import { objectsOf } from '@steadfleet/bundle'
import type { Generation } from '@steadfleet/engine'
import fc from 'fast-check'
import { LaidTrees } from '../testing/laid-trees.test.ts'
import { collect, dropObjects } from './collect.ts'

const grace = { milliseconds: 0, now: () => new Date() }
/** Few contents, so that trees share them. */
const contents = ['a', 'b', 'c', 'd']
const files = fc.subarray(contents, { minLength: 1 })
const step = fc.oneof(
  fc.record({ does: fc.constant('install' as const), files }),
  fc.record({ does: fc.constant('fail' as const), files }),
  fc.record({ does: fc.constant('collect' as const), limit: fc.constantFrom(0, 1, 400, 100_000) }),
  fc.record({ does: fc.constant('collect while it is fetched' as const), files }),
  fc.record({ does: fc.constant('overtake' as const), files, next: files }),
)

test('no sequence of installs, failures and collections loses what a kept generation needs', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async steps => {
      await using laid = await LaidTrees.make()
      let kept: Digest[] = []
      const stores = (limit: number) => ({ ...laid, limit, grace })
      for (const one of steps) {
        if (one.does === 'collect') {
          await collect(stores(one.limit), kept.map(generationOf))
        } else if (one.does === 'fail') {
          await laid.bring(filesOf(one.files))
          await dropObjects(stores(0), kept.map(generationOf))
        } else if (one.does === 'overtake') {
          kept = await overtake(laid, one.files, one.next, kept)
        } else if (one.does === 'install') {
          const tree = await laid.bring(filesOf(one.files))
          await laid.trees.install(tree)
          kept = [...kept.filter(other => other !== tree), tree].slice(-2)
        } else {
          await collectAsItComes(laid, one.files, kept)
        }
        for (const tree of kept) await assertWhole(laid, tree)
      }
    }),
    { numRuns: 25 },
  )
})

test('while a listing that is needed cannot be read no object is taken', async () => {
  await using laid = await LaidTrees.make()
  const tree = await laid.bring({ a: 'a' })
  const stray = await laid.put(new Uint8Array([1]))
  const lost = `sha256:${'0'.repeat(64)}` as Digest
  await dropObjects({ ...laid, limit: 0, grace }, [generationOf(tree), generationOf(lost)])
  assert.notEqual(await laid.objects.find(stray), undefined)
})

test('what nobody needs stays while the store is under its limit, the newest longest', async () => {
  await using laid = await LaidTrees.make()
  const old = await laid.put(new Uint8Array(1000).fill(1))
  await laid.settle()
  const young = await laid.put(new Uint8Array(1000).fill(2))
  await dropObjects({ ...laid, limit: 1500, grace }, [])
  assert.equal(await laid.objects.find(old), undefined)
  assert.notEqual(await laid.objects.find(young), undefined)
  await dropObjects({ ...laid, limit: 0, grace }, [])
  assert.equal(await laid.objects.find(young), undefined)
})

/** What was fetched for one stays, while what the next needs is fetched; then nothing else is there. */
async function overtake(
  laid: LaidTrees,
  names: readonly string[],
  next: readonly string[],
  kept: readonly Digest[],
): Promise<Digest[]> {
  const tree = await laid.bring(filesOf(names))
  const digests = [tree, ...objectsOf(await laid.trees.listing(tree)).map(one => one.digest)]
  const half = [`${tree.slice('sha256:'.length)}.bundle`, `${'0'.repeat(64)}.bundle`]
  for (const name of half) await writeFile(join(laid.paths.incoming, name), 'half')
  const stores = { ...laid, limit: 0, grace }
  await collect(stores, kept.map(generationOf), generationOf(tree))
  assert.deepEqual(await laid.objects.missing(digests), [])
  assert.deepEqual(await readdir(laid.paths.incoming), [half[0]], 'only what may be gone on with')
  const after = [...kept, await laid.bring(filesOf(next))].slice(-2)
  await laid.trees.install(after.at(-1)!)
  await dropObjects(stores, after.map(generationOf))
  assert.deepEqual(await readdir(laid.paths.incoming), [])
  const wanted = new Set<Digest>(after)
  for (const one of after) {
    for (const { digest } of objectsOf(await laid.trees.listing(one))) wanted.add(digest)
  }
  for (const folder of await laid.objects.folders()) {
    const { files: there } = await laid.objects.filesIn(folder)
    assert.deepEqual(
      there.filter(({ digest }) => !wanted.has(digest)),
      [],
    )
  }
  return after
}

/** Holds its objects as a fetch does; a collection in the middle takes none of them. */
async function collectAsItComes(
  laid: LaidTrees,
  names: readonly string[],
  kept: readonly Digest[],
): Promise<void> {
  const tree = await laid.bring(filesOf(names))
  const digests = [tree, ...objectsOf(await laid.trees.listing(tree)).map(one => one.digest)]
  const ends = digests.map(digest => laid.objects.turns.take(digest))
  await collect({ ...laid, limit: 0, grace }, kept.map(generationOf))
  assert.deepEqual(await laid.objects.missing(digests), [])
  for (const end of ends) end?.()
}

async function assertWhole(laid: LaidTrees, tree: Digest): Promise<void> {
  const digests = [tree, ...objectsOf(await laid.trees.listing(tree)).map(one => one.digest)]
  assert.deepEqual(await laid.objects.missing(digests), [])
  assert.ok(existsSync(join(laid.paths.trees, tree.slice('sha256:'.length))))
  assert.deepEqual(await laid.seals.faultsOf(tree, () => undefined), [])
}

/** Half of them executable, which the store keeps as another kind. */
function filesOf(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, i) => [i % 2 ? `bin/${name}` : name, name]))
}

function generationOf(tree: Digest): Generation {
  const one = { package: 'acme/hub', data: 1, tree: { digest: tree }, record: { digest: tree } }
  return { number: 1, packages: [one] } as unknown as Generation
}
