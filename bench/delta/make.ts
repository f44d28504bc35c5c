import { writeFileSync } from 'node:fs'
import { writeDelta } from '@steadfleet/bundle'
import { folderOf } from './listing.ts'

// OLD NEW OUT: a process of its own, so that its time and memory are the making's.
const [old = '', next = '', out = ''] = process.argv.slice(2)
const [from, to] = [folderOf(old), folderOf(next)]
const held = new Set(from.tree.entries.flatMap(e => (e.kind === 'file' ? [e.digest] : [])))
const delta = writeDelta({
  from: from.tree,
  to: to.tree,
  open: digest => (held.has(digest) ? from : to).open(digest),
})
const chunks: Uint8Array[] = []
for await (const chunk of delta) chunks.push(chunk)
writeFileSync(out, Buffer.concat(chunks))
