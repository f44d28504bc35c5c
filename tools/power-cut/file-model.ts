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

  constructor(inodes: Map<number, Inode> = new Map()) {
    this.inodes = inodes
  }

  /** The same again; contents are shared, since they are replaced and never changed. */
  copy(): FileModel {
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
        const inode = this.at(deed.inode)
        inode.content = overwritten(inode.content, deed.at, deed.bytes)
        return
      }
      case 'length': {
        const inode = this.at(deed.inode)
        inode.content = resized(inode.content, deed.length)
        return
      }
    }
  }

  /** Every path and what is there; the same file under two names is there twice. */
  *walk(directory = rootInode, prefix = ''): Generator<[path: string, inode: number]> {
    for (const [name, inode] of [...this.at(directory).entries].sort()) {
      yield [prefix + name, inode]
      if (this.at(inode).kind === 'directory') yield* this.walk(inode, `${prefix}${name}/`)
    }
  }
}

function overwritten(content: Buffer, at: number, bytes: Buffer): Buffer {
  const whole = resized(content, Math.max(content.length, at + bytes.length))
  bytes.copy(whole, at)
  return whole
}

/** Always a new buffer; what was not written yet is zeros. */
function resized(content: Buffer, length: number): Buffer {
  const whole = Buffer.alloc(length)
  content.copy(whole, 0, 0, Math.min(length, content.length))
  return whole
}
