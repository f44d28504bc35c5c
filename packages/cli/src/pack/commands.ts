import { parentOf, type TreeEntry, type TreeListing } from '@steadfleet/bundle'
import type { Manifest } from '@steadfleet/domain'
import { PackError } from './error.ts'

/** Refuses a manifest whose commands name no executable file of the tree: no device could run them. */
export function refuseAbsentCommands(manifest: Manifest, tree: TreeListing): void {
  const entries = new Map(tree.entries.map(entry => [entry.path, entry]))
  const faults = commandsOf(manifest).flatMap(({ where, program }) => {
    const fault = faultInProgram(program, entries)
    return fault === undefined ? [] : [`${where} runs ${program}, ${fault}`]
  })
  if (faults.length === 0) return
  throw new PackError('pack/command', `cannot pack: ${faults.join('; ')}`, { faults })
}

interface NamedProgram {
  readonly where: string
  readonly program: string
}

function commandsOf({ apps, hooks = {} }: Manifest): NamedProgram[] {
  const named = Object.entries(apps).flatMap(([name, { command, health }]) => [
    { where: `apps.${name}.command`, command },
    ...(health && 'exec' in health
      ? [{ where: `apps.${name}.health.exec`, command: health.exec }]
      : []),
  ])
  const hooked = Object.entries(hooks).map(([name, command]) => ({
    where: `hooks.${name}`,
    command,
  }))
  return [...named, ...hooked].map(({ where, command }) => ({ where, program: command[0] ?? '' }))
}

type Entries = ReadonlyMap<string, TreeEntry>

function faultInProgram(program: string, entries: Entries): string | undefined {
  const entry = follow(program, entries)
  if (entry?.kind === 'directory') return 'which is a folder'
  if (entry?.kind !== 'file') return 'which is not in the tree'
  return entry.mode === '644' ? 'which is not executable' : undefined
}

const mostLinksFollowed = 40

/** The entry that a path names, through the tree's links. */
export function follow(path: string, entries: Entries): TreeEntry | undefined {
  const ahead = path.split('/').reverse()
  let place = ''
  for (let followed = 0; ahead.length > 0 && followed <= mostLinksFollowed; ) {
    place = step(place, ahead.pop() ?? '')
    const entry = entries.get(place)
    if (entry?.kind !== 'link') continue
    followed += 1
    place = entry.target.startsWith('/') ? '' : parentOf(place)
    ahead.push(...entry.target.split('/').reverse())
  }
  return entries.get(place)
}

function step(place: string, name: string): string {
  if (name === '' || name === '.') return place
  if (name === '..') return parentOf(place)
  return place === '' ? name : `${place}/${name}`
}
