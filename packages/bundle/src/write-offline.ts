import { createHash } from 'node:crypto'
import { toUtf8 } from '@steadfleet/base'
import { BundleError } from './error.ts'
import {
  type OfflineEntry,
  offlineHeadLength,
  offlinePrefix,
  offlineSum,
  toOfflineHead,
} from './offline.ts'
import type { Bytes } from './zstd.ts'

/** What an offline file is made of: documents by the path of their GET, then bundles by their trees. */
export interface OfflineContent {
  readonly documents: ReadonlyMap<string, Uint8Array>
  readonly bundles: readonly {
    /** 64 digits. */
    readonly tree: string
    readonly length: number
    readonly content: Bytes
  }[]
}

/** The bytes of an offline file, in pieces; documents in the order of their names. */
export async function* writeOffline({
  documents,
  bundles,
}: OfflineContent): AsyncIterable<Uint8Array> {
  const heads = offlineSum()
  const toHead = (entry: OfflineEntry): Uint8Array => {
    const head = toOfflineHead(entry)
    heads.add(head)
    return head
  }
  yield offlinePrefix
  for (const [name, bytes] of [...documents].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const sum = new Uint8Array(createHash('sha256').update(bytes).digest())
    yield toHead({ kind: 'document', name, length: bytes.length, sum })
    yield bytes
  }
  for (const { tree, length, content } of bundles) {
    yield toHead({ kind: 'bundle', name: tree, length, sum: noSum })
    yield* exactly(content, length, tree)
  }
  yield toOfflineHead({ kind: 'end', name: '', length: 0, sum: heads.sum() })
}

const noSum = new Uint8Array(32)

async function* exactly(content: Bytes, length: number, tree: string): AsyncIterable<Uint8Array> {
  let written = 0
  for await (const chunk of content) {
    written += chunk.length
    yield chunk
  }
  if (written === length) return
  const message = `cannot write the bundle of ${tree}: ${written} bytes came of ${length}`
  throw new BundleError('bundle/source', message)
}

/** How long the file of these will be. */
export function offlineLength({ documents, bundles }: OfflineContent): number {
  const parts = [
    ...[...documents].map(([name, bytes]) => ({ name, length: bytes.length })),
    ...bundles.map(({ tree, length }) => ({ name: tree, length })),
    { name: '', length: 0 },
  ]
  const headOf = (name: string) => offlineHeadLength + toUtf8(name).length
  return parts.reduce((sum, { name, length }) => sum + headOf(name) + length, offlinePrefix.length)
}
