import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { measureDevice } from './device.ts'
import { type Cost, costOf, isInstalled, numberFrom } from './measure.ts'
import { type Pair, pairs, type Side } from './pairs.ts'
import { type Peer, peers } from './peers.ts'
import { treesOf } from './trees.ts'

/** What one way of bringing a tree came to. */
interface Row {
  readonly pair: string
  readonly method: string
  readonly bytes: number
  readonly make: Cost
  readonly apply: Cost
}

// PAIR... [--methods=WORD,WORD]: these pairs, and what has one of these words in its name.
const wanted = process.argv.slice(2).filter(word => !word.startsWith('--'))
const [, methods = ''] = /^--methods=(.*)$/.exec(process.argv.at(-1) ?? '') ?? []
const isChosen = (method: string): boolean => methods.split(',').some(word => method.includes(word))
const chosen = pairs.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
if (chosen.length === 0) {
  console.error(`cannot compare ${wanted.join(', ')}: the pairs are ${pairs.map(p => p.name)}`)
  process.exitCode = 2
}
installPeers()
for (const pair of chosen) await comparePair(pair)

/** Debian's packages of the peers, where this user may install them. */
function installPeers(): void {
  const missing = [...peers.flatMap(({ needs }) => needs), 'time'].filter(
    name => !isInstalled(name),
  )
  if (missing.length === 0 || process.geteuid?.() !== 0) return
  const packages = 'bsdiff xdelta3 casync ostree squashfs-tools zstd time mmdebstrap'.split(' ')
  spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages])
}

async function comparePair(pair: Pair): Promise<void> {
  const trees = treesOf(pair)
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-bench-'))
  try {
    console.log(`\n${pair.name}: ${nameOf(pair.old)} → ${nameOf(pair.next)}`)
    console.log(`  ${'method'.padEnd(24)}      bytes   make s  make MB  apply s apply MB`)
    for (const side of ['old', 'next'] as const) {
      symlinkSync(trees[side], join(folder, side))
      const names = '--sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner'
      costOf(`tar ${names} -C ${side}/ -cf ${side}.tar .`, folder)
    }
    for (const peer of peers.filter(({ name }) => isChosen(name))) {
      tell(measurePeer(pair, peer, folder), peer)
    }
    for (const way of isChosen('ours') ? (['plain', 'predicted'] as const) : []) {
      tell(await measureOurs({ pair, way, trees }, folder))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function nameOf(side: Side): string {
  return ('packages' in side ? side.packages : side.suites).join(' ')
}

function measurePeer(pair: Pair, peer: Peer, folder: string): Row | undefined {
  if (!peer.needs.every(isInstalled)) return undefined
  if (peer.prepare) costOf(peer.prepare, folder)
  const make = costOf(peer.make, folder)
  const bytes = numberFrom(peer.size, folder)
  return { pair: pair.name, method: peer.name, bytes, make, apply: costOf(peer.apply, folder) }
}

interface Ours {
  readonly pair: Pair
  readonly trees: ReturnType<typeof treesOf>
  readonly way: 'plain' | 'predicted'
}

/** Ours in processes of their own, as server and agent have them; the runtime's start is included. */
async function measureOurs({ pair, way, trees }: Ours, folder: string): Promise<Row> {
  buildSync({
    entryPoints: [join(import.meta.dirname, 'make.ts')],
    outfile: join(folder, 'make.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
  })
  const words = `${trees.old} ${trees.next} ours.delta ${way}`
  const make = costOf(`${process.execPath} make.mjs ${words}`, folder)
  const bytes = statSync(join(folder, 'ours.delta')).size
  const apply = await measureDevice(trees, folder)
  const method = way === 'plain' ? 'ours, not predicted' : 'ours'
  return { pair: pair.name, method, bytes, make, apply }
}

function tell(row: Row | undefined, peer?: Peer): void {
  if (!row) {
    console.log(`  ${(peer?.name ?? '').padEnd(24)} not installed`)
    return
  }
  const { method, bytes, make, apply } = row
  const figures = [
    make.seconds.toFixed(1),
    make.megabytes,
    apply.seconds.toFixed(2),
    apply.megabytes,
  ]
  const cells = figures.map(figure => String(figure).padStart(8)).join(' ')
  console.log(`  ${method.padEnd(24)} ${String(bytes).padStart(10)} ${cells}`)
  console.log(JSON.stringify({ benchmark: 'delta', ...row, node: process.version }))
}
