import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Digest, digestOf } from '@steadfleet/base'
import { toTreeBytes } from '@steadfleet/bundle'
import { makeDirectories, runTool } from '../packages/agent/src/disk/durable.ts'
import { pathsOf } from '../packages/agent/src/disk/paths.ts'
import { ObjectStore } from '../packages/agent/src/store/objects.ts'
import { TreeSeals } from '../packages/agent/src/store/seals.ts'
import { TreeStore } from '../packages/agent/src/store/trees.ts'
import type { World } from '../packages/agent/src/world.ts'
import { type Benchmark, type Figure, medianOf, spreadOf } from './figure.ts'

const files = 500
const bytesEach = 200_000
const runs = 7

/** What a start waits for while its tree of 100 MB is checked. */
export const treeCheck: Benchmark = {
  name: 'tree-check',
  what: 'the check of a tree of 100 MB before an app starts from it, read and vouched for',
  async run() {
    const root = mkdtempSync(join(tmpdir(), 'steadfleet-bench-'))
    try {
      const { trees, tree, paths } = await layOut(root)
      // What was written a moment ago is not vouched for.
      await wait(100)
      const seals = () => new TreeSeals(paths, trees, world)
      const cold = await timesOf(async () => {
        await dropCaches()
        return () => seals().refuseDamaged(tree)
      })
      const read = await timesOf(async () => () => seals().refuseDamaged(tree))
      const held = seals()
      await held.refuseDamaged(tree)
      const cached = await timesOf(async () => () => held.refuseDamaged(tree))
      const mayDrop = process.getuid?.() === 0
      return [
        ...(mayDrop ? [figureOf('every byte read, from the disk', cold)] : []),
        figureOf('every byte read, from memory', read),
        figureOf('vouched for by the file system', cached),
      ]
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
  },
}

const world: World = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  random: () => 0,
  sleep: milliseconds => wait(milliseconds),
  log: () => undefined,
}

async function layOut(root: string) {
  const paths = pathsOf(root)
  await makeDirectories([paths.objects, paths.incoming, paths.trees, paths.building])
  const objects = new ObjectStore(paths)
  const contents = Array.from({ length: files }, () => randomBytes(bytesEach))
  const entries = contents.map((bytes, i) => {
    const path = `file-${String(i).padStart(4, '0')}`
    return { kind: 'file', path, mode: '644', digest: digestOf(bytes), size: bytes.length } as const
  })
  const listing = toTreeBytes({ type: 'tree', format: 1, entries })
  const all = [listing, ...contents]
  for (const bytes of all) await objects.stage(digestOf(bytes), once(bytes))
  await objects.admit(all.map(bytes => digestOf(bytes)))
  const trees = new TreeStore(paths, objects)
  const tree: Digest = digestOf(listing)
  await trees.install(tree)
  return { paths, trees, tree }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

/** Only root may; as another user there is no figure from the disk. */
async function dropCaches(): Promise<void> {
  if (process.getuid?.() !== 0) return
  await runTool('sh', ['-c', 'sync; echo 1 > /proc/sys/vm/drop_caches'])
}

async function timesOf(prepare: () => Promise<() => Promise<void>>): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < runs; i += 1) {
    const work = await prepare()
    const began = performance.now()
    await work()
    times.push(performance.now() - began)
  }
  return times
}

function figureOf(name: string, times: readonly number[]): Figure {
  const facts = { ...spreadOf(times), files, bytes: files * bytesEach }
  return { name, value: medianOf(times), unit: 'ms', facts }
}
