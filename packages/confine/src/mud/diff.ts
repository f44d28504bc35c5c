import { type MudRow, toMudRows } from './describe.ts'
import type { MudFile } from './mud-file.ts'

/** What changes from one file to another. */
export interface MudDifference {
  /** Of what the file says of itself. */
  readonly about: readonly {
    readonly what: string
    readonly before: string
    readonly after: string
  }[]
  readonly added: readonly MudRow[]
  readonly removed: readonly MudRow[]
}

/** Lines that moved are no difference, though in an odd file their order may be one. */
export function diffMud(before: MudFile, after: MudFile): MudDifference {
  const [old, next] = [factsOf(before), factsOf(after)]
  const names = [...new Set([...old.keys(), ...next.keys()])]
  const about = names.flatMap(what => {
    const [was, is] = [old.get(what) ?? '', next.get(what) ?? '']
    return was === is ? [] : [{ what, before: was, after: is }]
  })
  const [oldRows, nextRows] = [toMudRows(before), toMudRows(after)]
  return { about, added: without(nextRows, oldRows), removed: without(oldRows, nextRows) }
}

function factsOf({ url, cacheHours, isSupported, about }: MudFile): Map<string, string> {
  const own = {
    'mud-url': url,
    'cache-validity': `${cacheHours}`,
    'is-supported': `${isSupported}`,
  }
  return new Map(Object.entries({ ...own, ...about }))
}

function without(rows: readonly MudRow[], others: readonly MudRow[]): MudRow[] {
  const known = new Set(others.map(row => JSON.stringify(row)))
  return rows.filter(row => !known.has(JSON.stringify(row)))
}
