import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mirrorOf, openApt } from './apt.ts'
import type { Pair, System } from './pairs.ts'

const cache = join(process.env.XDG_CACHE_HOME ?? tmpdir(), 'steadfleet-deb-cache', 'pairs')

/** What tells a machine's users something, and what it has made for itself. */
const leftOut = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'var/cache',
  'var/log',
  'dev',
]

/** The folders of a pair's two trees; what is there is kept. */
export function treesOf(pair: Pair): { readonly old: string; readonly next: string } {
  return { old: treeOf(pair, 'old'), next: treeOf(pair, 'next') }
}

function treeOf(pair: Pair, name: 'old' | 'next'): string {
  const tree = join(cache, pair.name, name)
  if (existsSync(tree)) return tree
  const unfinished = `${tree}.part`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  const side = pair[name]
  if ('packages' in side) unpack(side.packages, pair.architecture, unfinished)
  else install(side, unfinished)
  for (const folder of [...leftOut, 'var/lib/apt/lists']) {
    rmSync(join(unfinished, folder), { recursive: true, force: true })
  }
  renameSync(unfinished, tree)
  return tree
}

function unpack(packages: readonly string[], architecture: string, into: string): void {
  const folder = `${into}.packages`
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  openApt(join(cache, `apt-${architecture}`), architecture).run(['download', ...packages], folder)
  for (const file of readdirSync(folder)) execFileSync('dpkg', ['-x', join(folder, file), into])
  rmSync(folder, { recursive: true })
}

function install({ suites, include }: System, into: string): void {
  const sources = suites.map(suite => `deb ${mirrorOf(suite)} ${suite} main`)
  const choices = ['--quiet', '--variant=minbase', `--include=${include.join(',')}`]
  const stdio = ['ignore', 'ignore', 'inherit'] as const
  const words = [...choices, suites[0] ?? '', into, ...sources]
  execFileSync('mmdebstrap', words, { stdio: [...stdio] })
}
