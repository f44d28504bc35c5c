import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pair } from './pairs.ts'

const cache = join(process.env.XDG_CACHE_HOME ?? tmpdir(), 'steadfleet-deb-cache', 'pairs')

/** The folders of a pair's two trees, unpacked from Debian's packages; what is there is kept. */
export function treesOf(pair: Pair): { readonly old: string; readonly next: string } {
  return { old: treeOf(pair, 'old'), next: treeOf(pair, 'next') }
}

function treeOf(pair: Pair, side: 'old' | 'next'): string {
  const tree = join(cache, pair.name, side)
  if (existsSync(tree)) return tree
  const packages = join(cache, pair.name, `${side}-packages`)
  const unfinished = `${tree}.part`
  for (const folder of [packages, unfinished]) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
  }
  // apt's own user may not write here; root's download needs no other.
  const options = ['-q', '-o', 'APT::Sandbox::User=root', 'download', ...pair[side]]
  execFileSync('apt-get', options, { cwd: packages, stdio: ['ignore', 'ignore', 'inherit'] })
  for (const file of readdirSync(packages)) {
    execFileSync('dpkg', ['-x', join(packages, file), unfinished])
  }
  for (const folder of ['doc', 'man', 'locale']) {
    rmSync(join(unfinished, 'usr/share', folder), { recursive: true, force: true })
  }
  rmSync(packages, { recursive: true })
  renameSync(unfinished, tree)
  return tree
}
