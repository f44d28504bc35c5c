import { readdir, readlink, realpath } from 'node:fs/promises'
import { join, normalize, sep } from 'node:path'
import { isOwnPlace, type Shown, type TreeEntry } from '@steadfleet/confine'
import { isMissing } from './files.ts'

/** What every program loads before all else, also those that are still root in the sandbox. ld.so(8) */
const preloaded = 'etc/ld.so.preload'

/** The tree's top level; its /etc taken apart where something is shown in it, or kept from it. */
export async function entriesOf(tree: string, shown: readonly Shown[]): Promise<TreeEntry[]> {
  const top = await readEntries(tree, '')
  const etc = top.find(entry => entry.path === 'etc')
  if (etc === undefined) return top
  const others = top.filter(entry => entry !== etc)
  if (etc.target !== undefined) {
    return shown.length === 0 && (await isHarmless(tree, etc.target)) ? top : others
  }
  const inEtc = await readEntries(tree, 'etc/')
  const covered = new Set([preloaded, ...shown.map(({ at }) => at.slice(1))])
  const left = inEtc.filter(({ path }) => !covered.has(path))
  return shown.length === 0 && left.length === inEtc.length ? top : [...others, ...left]
}

/** Whether a link leads straight to a folder of the tree itself, which the app can't write, and which preloads nothing. */
async function isHarmless(tree: string, target: string): Promise<boolean> {
  const place = normalize(join('/', target)).slice(1)
  const [first = ''] = place.split(sep)
  if (first === '' || isOwnPlace(first)) return false
  try {
    const folder = join(await realpath(tree), place)
    if ((await realpath(folder)) !== folder) return false
    return !(await readdir(folder)).includes('ld.so.preload')
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

async function readEntries(tree: string, prefix: string): Promise<TreeEntry[]> {
  const entries = await readdir(join(tree, prefix), { withFileTypes: true })
  return Promise.all(
    entries.map(async entry => {
      const path = `${prefix}${entry.name}`
      if (!entry.isSymbolicLink()) return { path }
      return { path, target: await readlink(join(tree, path)) }
    }),
  )
}
