import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { digestOf, toHexDigest } from '@steadfleet/base'
import { missingFrom, sizeOf, type TreeListing, toTreeBytes } from '@steadfleet/bundle'
import { buildAgent } from '../../packages/agent/build.mjs'
import { folderOf } from './listing.ts'
import { type Cost, costOf } from './measure.ts'

/** As `packages/agent/src/store/delta-process.ts` starts it. */
const flags = '--max-semi-space-size=1 --optimize-for-size --no-opt'

/** Has the agent's own process apply `ours.delta` to a store that holds the older tree. */
export async function measureDevice(
  trees: { readonly old: string; readonly next: string },
  folder: string,
): Promise<Cost> {
  const device = join(folder, 'device')
  for (const name of ['device', 'leash', 'ended']) {
    rmSync(join(folder, name), { recursive: true, force: true })
  }
  const from = folderOf(trees.old).tree
  layOut(trees.old, from, device)
  const job = jobFor(from, folderOf(trees.next).tree, join(folder, 'ours.delta'))
  writeFileSync(join(folder, 'job.json'), `${JSON.stringify(job)}\n`)
  await buildAgent(join(folder, 'agent.mjs'))
  // Its input stays open until it has ended, by a writer of its own: a shared one would not wait.
  const writer = '(exec 3>leash; cat job.json >&3; while [ ! -e ended ]; do sleep 0.1; done) &'
  const agent = `${process.execPath} ${flags} agent.mjs apply-delta --state device <leash >digests`
  const cost = costOf(`mkfifo leash; ${writer} ${agent}; code=$?; touch ended; exit $code`, folder)
  const made = readFileSync(join(folder, 'digests'), 'utf8').split('\n').filter(Boolean).length
  if (made === job.wanted.length) return cost
  throw new Error(`cannot apply the delta: ${made} of ${job.wanted.length} objects were made`)
}

function jobFor(from: TreeListing, to: TreeListing, path: string) {
  const listing = toTreeBytes(to)
  return {
    path,
    base: digestOf(toTreeBytes(from)),
    tree: digestOf(listing),
    listing: listing.length,
    bytes: listing.length + sizeOf(to),
    wanted: missingFrom(to, from).map(({ digest }) => digest),
  }
}

/** A state directory with the tree's objects and its listing. */
function layOut(root: string, tree: TreeListing, device: string): void {
  const listing = toTreeBytes(tree)
  const place = (digest: ReturnType<typeof digestOf>): string => {
    const hex = toHexDigest(digest)
    const path = join(device, 'objects', hex.slice(0, 2), hex)
    mkdirSync(dirname(path), { recursive: true })
    return path
  }
  mkdirSync(join(device, 'incoming'), { recursive: true })
  writeFileSync(place(digestOf(listing)), listing)
  for (const entry of tree.entries) {
    if (entry.kind !== 'file' || existsSync(place(entry.digest))) continue
    linkSync(join(root, entry.path), place(entry.digest))
  }
}
