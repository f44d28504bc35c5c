import { writeFileSync } from 'node:fs'
import type { Digest } from '@steadfleet/base'
import { writeDelta } from '@steadfleet/bundle'
import { folderOf } from './listing.ts'

// OLD NEW OUT [plain]: a process of its own, so that its time and memory are the making's.
const [old = '', next = '', out = '', way = ''] = process.argv.slice(2)
const [from, to] = [folderOf(old), folderOf(next)]
const held = new Set(from.tree.entries.flatMap(e => (e.kind === 'file' ? [e.digest] : [])))
const source = {
  from: from.tree,
  to: to.tree,
  open: (digest: Digest) => (held.has(digest) ? from : to).open(digest),
}
const delta = writeDelta(source, { predicts: way !== 'plain' })
const chunks: Uint8Array[] = []
for await (const chunk of delta) chunks.push(chunk)
writeFileSync(out, Buffer.concat(chunks))
