import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type Digest, digestOf, toUtf8 } from '@steadfleet/base'
import { treePath } from '../disk/paths.ts'
import { LaidTrees } from '../testing/laid-trees.test.ts'

describe('a tree that is laid out', { concurrency: 3 }, () => {
  test('keeps names apart that differ in case or in normal form alone', async () => {
    await using laid = await LaidTrees.make()
    const tree = await laid.bring({ xt_MARK: '1', xt_mark: '2', '\u00e9': '3', 'e\u0301': '4' })
    await laid.trees.install(tree)
    await laid.seals.refuseDamaged(tree)
    const place = treePath(laid.paths, tree)
    const texts = ['xt_MARK', 'xt_mark', '\u00e9', 'e\u0301'].map(name =>
      readFileSync(join(place, name), 'utf8'),
    )
    assert.deepEqual(texts, ['1', '2', '3', '4'])
  })

  test('shares a program with one that is laid out beside it, and the store keeps it once', async () => {
    await using laid = await LaidTrees.make()
    const programs = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`bin/${i}`, `${i}`]))
    const names = ['one', 'two', 'three']
    const trees: Digest[] = []
    for (const name of names) trees.push(await laid.bring({ ...programs, name }))
    await Promise.all(trees.map(tree => laid.trees.install(tree)))
    for (const tree of trees) await laid.seals.refuseDamaged(tree)
    for (const program of Object.values(programs)) {
      const kinds = await laid.objects.kindsOf(digestOf(toUtf8(program)))
      assert.deepEqual(
        kinds.map(({ mode }) => mode),
        ['755'],
      )
    }
  })

  test('holds an absolute link as it is: it is the tree that is the root of an app', async () => {
    await using laid = await LaidTrees.make()
    const link = { kind: 'link' as const, path: 'alias', target: '/share/text' }
    const tree = await laid.bring({ 'share/text': 'x' }, [link])
    await laid.trees.install(tree)
    await laid.seals.refuseDamaged(tree)
  })

  test('is built where nobody but the agent may enter', async () => {
    await using laid = await LaidTrees.make()
    const mode = execFileSync('stat', ['-c', '%a', laid.paths.building], { encoding: 'utf8' })
    assert.equal(mode.trim(), '700')
  })

  test('writes nothing where a link leads that root swapped for a folder of it', async () => {
    await using laid = await LaidTrees.make()
    const names = Array.from({ length: 200 }, (_, i) => [`share/${i}`, String(i)])
    const tree = await laid.bring(Object.fromEntries(names))
    const outside = join(laid.paths.root, 'outside')
    mkdirSync(outside)
    const stop = new AbortController()
    const swaps = swapWhenSeen(laid.paths.building, outside, stop.signal)
    const outcome = await laid.trees.install(tree).catch((error: unknown) => error)
    stop.abort()
    await swaps
    assert.deepEqual(readdirSync(outside), [])
    const place = treePath(laid.paths, tree)
    // Either it was refused, or what was swapped late is found before anything starts.
    if (outcome instanceof Error)
      assert.ok('code' in outcome && /^(agent|E)/.test(String(outcome.code)))
    else if (existsSync(place) && realpathSync(join(place, 'share')) === outside)
      await assert.rejects(laid.seals.refuseDamaged(tree), { code: 'agent/damaged-tree' })
  })

  test('is whole or not there where an earlier try was cut off in the middle', async () => {
    await using laid = await LaidTrees.make()
    const tree = await laid.bring({ 'share/text': 'x' })
    const half = join(laid.paths.building, treePath(laid.paths, tree).split('/').at(-1) ?? '')
    mkdirSync(join(half, 'left'), { recursive: true })
    await laid.trees.install(tree)
    await laid.seals.refuseDamaged(tree)
    await laid.trees.remove(tree)
    assert.deepEqual(readdirSync(laid.paths.trees), [])
    assert.deepEqual(readdirSync(laid.paths.building), [])
  })
})

/** As soon as the folder `share` of a draft is there it is moved away, and a link stands in its place. */
async function swapWhenSeen(building: string, outside: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const share = readdirSync(building)
      .map(draft => join(building, draft, 'share'))
      .find(existsSync)
    if (share === undefined) {
      await turn()
      continue
    }
    renameSync(share, join(building, 'moved'))
    symlinkSync(outside, share)
    return
  }
}
