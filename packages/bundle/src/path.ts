import { toUtf8 } from '@steadfleet/base'
import { BundleError } from './error.ts'

/** Linux allows no longer name (NAME_MAX) nor path (PATH_MAX, less its closing NUL). */
const longestName = 255
const longestPath = 4095

/**
 * Refuses a path that does not name exactly one place inside a tree: relative, no empty, `.` or
 * `..` part, no NUL, well-formed Unicode, and short enough for every Linux file system.
 */
export function refusePath(path: string): void {
  const fault = faultInPath(path)
  if (fault === undefined) return
  throw new BundleError('tree/path', `cannot take path ${JSON.stringify(path)}: ${fault}`, { path })
}

/** What is wrong with a path, or undefined. */
export function faultInPath(path: string): string | undefined {
  if (!path.isWellFormed()) return 'not well-formed Unicode'
  if (path.includes('\0')) return 'it holds a NUL'
  if (byteLength(path) > longestPath) return `over ${longestPath} bytes`
  return path.split('/').map(faultInName).find(Boolean)
}

function faultInName(name: string): string | undefined {
  if (name === '') return 'it has an empty part'
  if (name === '.' || name === '..') return `it has a part ${name}`
  return byteLength(name) > longestName ? `a part of it is over ${longestName} bytes` : undefined
}

/** The path of the folder that holds `path`; the empty string is the root of the tree. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0))
}

function byteLength(text: string): number {
  return toUtf8(text).length
}
