import { existsSync } from 'node:fs'
import type { PackageName } from '@steadfleet/domain'
import { type Copies, type Generation, packageOf, type Wanted } from '@steadfleet/engine'
import { dataPath, type Paths } from '../disk/paths.ts'
import { earlierThan } from './generations.ts'

/** What this device holds of the data that packages are ordered to have again: that of the release itself. */
export async function copiesFor(
  paths: Paths,
  current: Generation,
  { packages }: Wanted,
  names: readonly PackageName[],
): Promise<Copies> {
  const earlier = names.length > 0 ? await earlierThan(paths, current.number) : undefined
  const entries = names.map(name => {
    const held = earlier && packageOf(earlier, name)
    const ordered = packages.find(one => one.package === name)
    const isOf = held !== undefined && held.tree.digest === ordered?.tree.digest
    return [name, isOf && existsSync(dataPath(paths, name, held.data)) ? held : undefined] as const
  })
  return new Map(entries)
}
