import type { TreeEntry, TreeListing } from '@steadfleet/bundle'

/** A path that one tree has otherwise than another. */
export interface Difference {
  readonly path: string
  readonly fact: string
}

/** Where two trees differ, by path. */
export function differencesBetween(signed: TreeListing, rebuilt: TreeListing): Difference[] {
  const [before, after] = [signed, rebuilt].map(byPath) as [Entries, Entries]
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort()
  return paths.flatMap(path => {
    const fact = factBetween(before.get(path), after.get(path))
    return fact === undefined ? [] : [{ path, fact }]
  })
}

type Entries = ReadonlyMap<string, TreeEntry>

function byPath({ entries }: TreeListing): Entries {
  return new Map(entries.map(entry => [entry.path, entry]))
}

function factBetween(signed?: TreeEntry, rebuilt?: TreeEntry): string | undefined {
  if (!signed) return 'only in the rebuilt tree'
  if (!rebuilt) return 'only in the signed tree'
  const [was, is] = [signed, rebuilt].map(toWords)
  return was === is ? undefined : `${was} in the signed tree, ${is} in the rebuilt one`
}

function toWords(entry: TreeEntry): string {
  switch (entry.kind) {
    case 'directory':
      return 'a folder'
    case 'link':
      return `a link to ${entry.target}`
    case 'file':
      return `a file of mode ${entry.mode} and ${entry.digest}`
  }
}
