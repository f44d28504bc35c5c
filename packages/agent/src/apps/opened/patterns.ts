import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The paths that exist of a pattern in which `*` is any part of one name; in order. */
export function matching(pattern: string): string[] {
  const names = pattern.split('/').slice(1)
  return names.reduce<string[]>((found, name) => found.flatMap(at => below(at, name)), ['/'])
}

function below(folder: string, name: string): string[] {
  const own = namesIn(folder)
  const parts = name.split('*').map(part => part.replaceAll(/[.\\+?^${}()|[\]]/g, '\\$&'))
  const isMatch = new RegExp(`^${parts.join('.*')}$`)
  return own
    .filter(one => isMatch.test(one))
    .sort()
    .map(one => join(folder, one))
}

/** What is no folder, gone or closed has no names. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && isClosed.has(String(error.code))) return []
    throw error
  }
}

const isClosed = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EIO', 'ENODEV'])

/** The folders in which what matches a pattern comes and goes. */
export function foldersOf(pattern: string): string[] {
  const names = pattern.split('/')
  return names.slice(2).flatMap((_, i) => matching(names.slice(0, i + 2).join('/')))
}
