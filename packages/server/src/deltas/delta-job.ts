import { closeSync, createWriteStream, fstatSync, openSync, readSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Digest } from '@steadfleet/base'
import {
  type ByteSource,
  type DeltaSource,
  missingFrom,
  parseTree,
  readDelta,
  writeDelta,
} from '@steadfleet/bundle'
import { type ObjectStore, openObjects } from '../content/object-store.ts'

/** What the process that makes deltas is told. */
export interface DeltaJob {
  readonly objects: string
  readonly from: Digest
  readonly tree: Digest
  /** The file to make. */
  readonly path: string
  /** The bytes that a device would fetch instead. */
  readonly instead: number
  readonly memory: number
  readonly mostContent: number
}

/** What came of it. Only a `smaller` one is worth being offered. */
export type DeltaOutcome = 'smaller' | 'not smaller' | 'too much'

/** Makes a delta, and reads it back as a device would before anybody is offered it. */
export async function makeDelta(job: DeltaJob): Promise<DeltaOutcome> {
  const store = openObjects(job.objects)
  const open = async (digest: Digest) => openObject(store, digest)
  const [from, to] = [await listingOf(store, job.from), await listingOf(store, job.tree)]
  const content = missingFrom(to, from).reduce((sum, { size }) => sum + size, 0)
  if (content > job.mostContent) return 'too much'
  const source: DeltaSource = { from, to, open }
  const bytes = Readable.from(writeDelta(source, { memory: job.memory }))
  await pipeline(bytes, createWriteStream(job.path))
  if ((await stat(job.path)).size >= job.instead) return 'not smaller'
  const { size: listing } = await stat(join(store.folder, store.pathOf(job.tree)))
  const held = await store.read(job.from)
  const target = { from: held, tree: job.tree, bytes: listing + content, open }
  for await (const { content: made } of readDelta(openFile(job.path), target)) {
    // Each object is held against its digest at its end.
    for await (const _ of made);
  }
  return 'smaller'
}

async function listingOf(store: ObjectStore, tree: Digest) {
  return parseTree(await store.read(tree))
}

function openObject(store: ObjectStore, digest: Digest): ByteSource {
  return openFile(join(store.folder, store.pathOf(digest)))
}

/** Read by position, and opened for each read: a delta is of thousands of files. */
function openFile(path: string): ByteSource {
  const withFile = <T>(act: (file: number) => T): T => {
    const file = openSync(path, 'r')
    try {
      return act(file)
    } finally {
      closeSync(file)
    }
  }
  return {
    length: withFile(file => fstatSync(file).size),
    async read(position, length, into) {
      const bytes = into?.subarray(0, length) ?? new Uint8Array(length)
      withFile(file => readSync(file, bytes, 0, length, position))
      return bytes
    },
  }
}
