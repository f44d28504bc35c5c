import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { parseDigest } from '@steadfleet/base'
import { parseTree, readDelta } from '@steadfleet/bundle'
import { fileSource } from './listing.ts'

// FROM TREE DELTA OUT: FROM has each object of the older tree by its digest, as a store has, and
// its listing. Each object is written to OUT.
const [from = '', tree = '', delta = '', out = ''] = process.argv.slice(2)
mkdirSync(out, { recursive: true })
const target = {
  from: parseTree(readFileSync(join(from, 'listing'))),
  tree: parseDigest(tree),
  bytes: 2 ** 33,
  open: (digest: string) => fileSource(join(from, digest)),
}
for await (const object of readDelta(await fileSource(delta), target)) {
  const file = openSync(join(out, object.digest), 'w')
  for await (const piece of object.content) writeSync(file, piece)
  closeSync(file)
}
