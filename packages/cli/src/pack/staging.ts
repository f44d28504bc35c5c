import type { Digest } from '@steadfleet/base'
import {
  type FileMode,
  makeTree,
  parentOf,
  refusePath,
  type TreeEntry,
  type TreeListing,
} from '@steadfleet/bundle'
import { PackError } from './error.ts'
import type { Found, FoundFile } from './source.ts'

/**
 * A tree in the making: sources lay their files into it, a later one over an earlier one's. A class
 * because it has a life: it is filled, then made into a listing once.
 */
export class Staging {
  readonly #entries = new Map<string, Found>()
  readonly #setuid: ReadonlySet<string>
  readonly #isMerged: boolean

  /** `isMerged` lays /bin, /sbin and /lib into /usr, as every Debian since 12 has them. */
  constructor(setuid: readonly string[], isMerged: boolean) {
    this.#setuid = new Set(setuid.map(path => path.replace(/^\.?\//, '')))
    this.#isMerged = isMerged
  }

  /** Lays one thing in, with the folders that hold it. */
  add(found: Found): void {
    const path = this.#isMerged ? mergedPath(found.path) : found.path
    if (this.#isMerged && isMergedLink(found)) return
    refusePath(path)
    this.#addParents(path)
    this.#put({ ...found, path })
  }

  /** Files as they lie, for whoever wants more of them than the listing tells. */
  files(): FoundFile[] {
    return [...this.#entries.values()].filter(entry => entry.kind === 'file')
  }

  /** The listing of all that was laid in. */
  list(): TreeListing {
    if (this.#isMerged) this.#addMergedLinks()
    this.#refuseSetuid()
    return makeTree([...this.#entries.values()].map(entry => this.#toEntry(entry)))
  }

  #addParents(path: string): void {
    const parent = parentOf(path)
    if (parent === '') return
    const held = this.#entries.get(parent)
    if (held?.kind === 'directory') return
    if (held) throw conflict(path, `${parent} is a ${held.kind}`)
    this.#addParents(parent)
    this.#entries.set(parent, { path: parent, kind: 'directory' })
  }

  #put(found: Found): void {
    const held = this.#entries.get(found.path)
    if (held?.kind === 'directory' && found.kind === 'directory') return
    const isInTheWay = held?.kind === 'directory' && this.#holdsSomething(found.path)
    if (held && (isInTheWay || found.kind === 'directory')) {
      const fact = `an earlier source has a ${held.kind} there, this one a ${found.kind}`
      throw conflict(found.path, fact)
    }
    this.#entries.set(found.path, found)
  }

  #holdsSomething(folder: string): boolean {
    return this.#entries.keys().some(path => path.startsWith(`${folder}/`))
  }

  #addMergedLinks(): void {
    for (const name of mergedNames) {
      const target = `usr/${name}`
      if (this.#entries.get(target)?.kind !== 'directory') continue
      this.#entries.set(name, { path: name, kind: 'link', target })
    }
  }

  /** All at once, so that a manifest is mended once. */
  #refuseSetuid(): void {
    const paths = this.files()
      .filter(({ path, mode }) => (mode & specialBits) !== 0 && !this.#setuid.has(path))
      .map(({ path }) => path)
    if (paths.length === 0) return
    const message = `cannot pack ${paths.join(', ')}: setuid or setgid, and the manifest does not say why`
    throw new PackError('pack/setuid', message, { paths })
  }

  #toEntry(found: Found): TreeEntry {
    if (found.kind !== 'file') return found
    const { path, digest, size, mode } = found
    return { path, kind: 'file', digest: digest satisfies Digest, size, mode: toFileMode(mode) }
  }
}

const specialBits = 0o6000
const fileModes: Readonly<Record<number, FileMode>> = { 2: '2755', 4: '4755', 6: '6755' }

/** A mode as trees have it: executable by all if by anyone, and special only if it was allowed to be. */
export function toFileMode(mode: number): FileMode {
  const special = fileModes[(mode & specialBits) >> 9]
  if (special) return special
  return (mode & 0o111) === 0 ? '644' : '755'
}

/** What usrmerge moves; the loader's name in every executable begins with one of them. */
const mergedNames: readonly string[] = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']

/** Where a path of a Debian package lies once /bin, /sbin and /lib are in /usr. */
export function mergedPath(path: string): string {
  const [first = ''] = path.split('/', 1)
  return mergedNames.includes(first) ? `usr/${path}` : path
}

/** A package may hold the link itself, as base-files does since Debian 13. */
function isMergedLink(found: Found): boolean {
  return found.kind === 'link' && mergedNames.includes(found.path)
}

function conflict(path: string, fact: string): PackError {
  return new PackError('pack/conflict', `cannot lay ${JSON.stringify(path)}: ${fact}`, { path })
}
