import { closeSync, constants, openSync, readdirSync } from 'node:fs'
import { parentOf, type TreeEntry } from '@steadfleet/bundle'

const asFolder = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/**
 * A folder that is held open. Names in it are reached through /proc/self/fd, as openat(2) reaches them:
 * who swaps a folder on the way for a link leads nobody astray. proc_pid_fd(5)
 */
export class Folder implements Disposable {
  readonly #fd: number

  private constructor(fd: number) {
    this.#fd = fd
  }

  /** Opens the folder at `path`, or the one at `inside` below it, through no link from `path` on. */
  static open(path: string, inside = ''): Folder {
    let folder = new Folder(openSync(path, asFolder))
    for (const name of inside.split('/').filter(part => part !== '')) {
      using outer = folder
      folder = new Folder(openSync(outer.at(name), asFolder))
    }
    return folder
  }

  at(name: string): string {
    return `/proc/self/fd/${this.#fd}/${name}`
  }

  names(): string[] {
    return readdirSync(this.at('.')).sort()
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }
}

/** The entries of a tree by the folder that holds them; a folder stands after the one that it is in. */
export function byFolder(entries: readonly TreeEntry[]): Map<string, TreeEntry[]> {
  const folders = new Map<string, TreeEntry[]>([['', []]])
  for (const entry of entries) {
    folders.get(parentOf(entry.path))?.push(entry)
    if (entry.kind === 'directory') folders.set(entry.path, [])
  }
  return folders
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
