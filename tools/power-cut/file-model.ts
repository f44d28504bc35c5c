/** What a file system holds: inodes by number, the state directory being {@link rootInode}. */
export interface Inode {
  readonly kind: 'file' | 'directory' | 'link' | 'pipe'
  mode: number
  uid: number
  gid: number
  content: Buffer
  readonly target: string
  readonly entries: Map<string, number>
}

export const rootInode = 0

/**
 * One change that a disk may lose until it is made durable. Of a directory's entry: `name` becomes, or
 * is no more, the inode. Of a file: bytes at a place, or a length.
 */
export type Deed =
  | { readonly what: 'entries'; readonly entries: readonly EntryDeed[] }
  | { readonly what: 'bytes'; readonly inode: number; readonly at: number; readonly bytes: Buffer }
  | { readonly what: 'length'; readonly inode: number; readonly length: number }

export interface EntryDeed {
  readonly directory: number
  readonly name: string
  readonly inode: number | undefined
}

export class FileModel {
  readonly inodes: Map<number, Inode>
  /** Contents that no other model has, in buffers with room to grow: a file is written in many pieces. */
  readonly #own = new Map<number, Buffer>()

  constructor(inodes: Map<number, Inode> = new Map()) {
    this.inodes = inodes
  }

  /** The same again; contents are shared, and no more changed by either of the two. */
  copy(): FileModel {
    this.#own.clear()
    return new FileModel(
      new Map(
        [...this.inodes].map(([number, inode]) => [
          number,
          { ...inode, entries: new Map(inode.entries) },
        ]),
      ),
    )
  }

  make(inode: Pick<Inode, 'kind' | 'mode'> & Partial<Inode>): number {
    const number = this.inodes.size === 0 ? rootInode : Math.max(...this.inodes.keys()) + 1
    this.inodes.set(number, {
      uid: 0,
      gid: 0,
      content: Buffer.alloc(0),
      target: '',
      entries: new Map(),
      ...inode,
    })
    return number
  }

  at(number: number): Inode {
    const inode = this.inodes.get(number)
    if (inode === undefined) throw new RangeError(`there is no inode ${number}`)
    return inode
  }

  /** The inode at a path below the root, links not followed, if there is one. */
  find(path: string): number | undefined {
    let found: number | undefined = rootInode
    for (const name of path.split('/').filter(Boolean)) {
      found = found === undefined ? undefined : this.inodes.get(found)?.entries.get(name)
    }
    return found
  }

  do(deed: Deed): void {
    switch (deed.what) {
      case 'entries':
        for (const { directory, name, inode } of deed.entries) {
          const { entries } = this.at(directory)
          if (inode === undefined) entries.delete(name)
          else entries.set(name, inode)
        }
        return
      case 'bytes': {
        const { length } = this.at(deed.inode).content
        const end = deed.at + deed.bytes.length
        deed.bytes.copy(this.#ownContent(deed.inode, Math.max(length, end)), deed.at)
        return
      }
      case 'length': {
        this.#ownContent(deed.inode, deed.length)
        return
      }
    }
  }

  /** A file's content, of this length and this model's alone; what was not written yet is zeros. */
  #ownContent(number: number, length: number): Buffer {
    const inode = this.at(number)
    const before = inode.content.length
    let room = this.#own.get(number)
    if (room === undefined || room.length < length) {
      room = Buffer.alloc(Math.max(length, room === undefined ? 0 : 2 * room.length))
      inode.content.copy(room, 0, 0, Math.min(before, length))
      this.#own.set(number, room)
    }
    if (length < before) room.fill(0, length, Math.min(before, room.length))
    inode.content = room.subarray(0, length)
    return inode.content
  }

  /** Every path and what is there; the same file under two names is there twice. */
  *walk(directory = rootInode, prefix = ''): Generator<[path: string, inode: number]> {
    for (const [name, inode] of [...this.at(directory).entries].sort()) {
      yield [prefix + name, inode]
      if (this.at(inode).kind === 'directory') yield* this.walk(inode, `${prefix}${name}/`)
    }
  }
}
