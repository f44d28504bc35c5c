import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Digest, digestOf, toUtf8 } from '@steadfleet/base'
import { type FileMode, makeTree, type TreeEntry, toTreeBytes } from '@steadfleet/bundle'
import { makeDirectories } from '../disk/durable.ts'
import { type Paths, pathsOf } from '../disk/paths.ts'
import { ObjectStore } from '../store/objects.ts'
import { TreeSeals } from '../store/seals.ts'
import { TreeStore } from '../store/trees.ts'
import type { World } from '../world.ts'

/** A store with trees in it, in a directory of its own, without an agent. */
export class LaidTrees implements AsyncDisposable {
  readonly paths: Paths
  readonly objects: ObjectStore
  readonly trees: TreeStore
  readonly seals: TreeSeals
  readonly logged: string[] = []
  clockOffsetMs = 0

  private constructor(root: string) {
    this.paths = pathsOf(root)
    this.objects = new ObjectStore(this.paths)
    this.trees = new TreeStore(this.paths, this.objects)
    this.seals = new TreeSeals(this.paths, this.trees, this.world)
  }

  static async make(root?: string): Promise<LaidTrees> {
    const laid = new LaidTrees(root ?? (await mkdtemp(join(tmpdir(), 'steadfleet-trees-'))))
    const { objects, incoming, trees, building, damaged, generations, data } = laid.paths
    await makeDirectories([objects, incoming, trees, generations, data])
    await makeDirectories([building, damaged], 0o700)
    return laid
  }

  get world(): World {
    return {
      now: () => new Date(Date.now() + this.clockOffsetMs),
      monotonic: () => performance.now(),
      random: () => 0,
      sleep: (milliseconds, stop) => wait(milliseconds, undefined, stop ? { signal: stop } : {}),
      log: ({ message }) => void this.logged.push(message),
    }
  }

  /** Brings the objects of a tree of these files, executables under `bin/`, and other entries. */
  async bring(
    files: Readonly<Record<string, string | Uint8Array>>,
    others: readonly TreeEntry[] = [],
  ): Promise<Digest> {
    const contents = Object.entries(files).map(([path, text]) => {
      const bytes = typeof text === 'string' ? toUtf8(text) : text
      const mode: FileMode = path.startsWith('bin/') ? '755' : '644'
      return { path, mode, bytes, digest: digestOf(bytes) }
    })
    const folders = new Set(contents.flatMap(({ path }) => foldersOf(path)))
    const listing = toTreeBytes(
      makeTree([
        ...[...folders].map(path => ({ kind: 'directory' as const, path })),
        ...contents.map(({ path, mode, bytes, digest }) => ({
          kind: 'file' as const,
          path,
          mode,
          digest,
          size: bytes.length,
        })),
        ...others,
      ]),
    )
    for (const bytes of [listing, ...contents.map(one => one.bytes)]) await this.put(bytes)
    return digestOf(listing)
  }

  async put(bytes: Uint8Array): Promise<Digest> {
    const digest = digestOf(bytes)
    if (await this.objects.find(digest)) return digest
    await this.objects.stage(digest, once(bytes))
    await this.objects.admit([digest])
    return digest
  }

  /** Long enough that the file system would stamp the next change with another time. */
  async settle(): Promise<void> {
    await wait(30)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.paths.root, { recursive: true, force: true })
  }
}

function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'))
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
