import { basename, dirname, join } from 'node:path'
import type { Deed, EntryDeed, FileModel, Inode } from './file-model.ts'
import type { SystemCall } from './system-calls.ts'

/** What a trace did to the files below one directory, in order. */
export type Act =
  | { readonly act: 'deed'; readonly deed: Deed; readonly call: string }
  /** Everything that was done to these inodes before is durable; to all of them without a list. */
  | { readonly act: 'sync'; readonly inodes: readonly number[] | undefined; readonly call: string }

/**
 * Turns system calls into acts on a model of the files below `root`. `model` ends as the last call left
 * it; it keeps every inode that ever was, so that any of the acts can be left out afterwards.
 */
export function replay(calls: readonly SystemCall[], root: string, model: FileModel): Act[] {
  const replayer = new Replayer(root, model)
  for (const call of calls) replayer.take(call)
  return replayer.acts
}

class Replayer {
  readonly acts: Act[] = []
  readonly #root: string
  readonly #model: FileModel
  /** Where the next plain write of a file goes. */
  readonly #cursors = new Map<number, number>()
  /** Folders held open by the agent, by descriptor: it reaches into them through /proc/self/fd. */
  readonly #folders = new Map<string, string>()
  /** By package: which data an app of it was last started on. Apps see it as /data. */
  readonly #data = new Map<string, string>()

  constructor(root: string, model: FileModel) {
    this.#root = root
    this.#model = model
  }

  take(call: SystemCall): void {
    this.#deeds[call.name]?.(call)
  }

  readonly #deeds: Readonly<Record<string, (call: SystemCall) => void>> = {
    execve: call => this.#noteData(call),
    open: call => this.#open(call),
    openat: call => this.#open(call),
    creat: call => this.#open({ ...call, flags: 'O_CREAT|O_TRUNC' }),
    write: call => this.#write(call, undefined),
    writev: call => this.#write(call, undefined),
    pwrite64: call => this.#write(call, call.numbers.at(-1)),
    pwritev: call => this.#write(call, call.numbers.at(-1)),
    sendfile: call => this.#copy(call, call.descriptors[0], call.descriptors[1]),
    copy_file_range: call => this.#copy(call, call.descriptors[1], call.descriptors[0]),
    ftruncate: call => this.#truncate(call, call.descriptors[0], call.numbers.at(-1)),
    truncate: call => this.#truncate(call, call.texts[0], call.numbers.at(-1)),
    rename: call => this.#rename(call),
    renameat: call => this.#rename(call),
    renameat2: call => this.#rename(call),
    link: call => this.#link(call),
    linkat: call => this.#link(call),
    unlink: call => this.#remove(call),
    unlinkat: call => this.#remove(call),
    rmdir: call => this.#remove(call),
    mkdir: call => this.#make(call, call.texts[0], { kind: 'directory', mode: 0o755 }),
    mkdirat: call => this.#make(call, call.texts[0], { kind: 'directory', mode: 0o755 }),
    mknod: call => this.#make(call, call.texts[0], { kind: 'pipe', mode: 0o622 }),
    mknodat: call => this.#make(call, call.texts[0], { kind: 'pipe', mode: 0o622 }),
    symlink: call => this.#symlink(call),
    symlinkat: call => this.#symlink(call),
    fsync: call => this.#sync(call),
    fdatasync: call => this.#sync(call),
    sync: call => this.#act({ act: 'sync', inodes: undefined, call: call.name }),
    syncfs: call => {
      if (this.#below(call.descriptors[0]) !== undefined)
        this.#act({ act: 'sync', inodes: undefined, call: call.name })
    },
    chmod: call => this.#chmod(call, call.texts[0]),
    fchmodat: call => this.#chmod(call, call.texts[0]),
    fchmod: call => this.#chmod(call, call.descriptors[0]),
    chown: call => this.#chown(call, call.texts[0]),
    lchown: call => this.#chown(call, call.texts[0]),
    fchownat: call => this.#chown(call, call.texts[0]),
    fchown: call => this.#chown(call, call.descriptors[0]),
  }

  /** bwrap … --bind STATE/data/PUBLISHER.NAME/N /data */
  #noteData({ texts }: SystemCall): void {
    const path = texts.find((_, i) => texts[i - 1] === '--bind' && texts[i + 1] === '/data')
    if (path?.startsWith(`${this.#root}/data/`)) this.#data.set(basename(dirname(path)), path)
  }

  /** The path below the root, or undefined where it is of somebody else's files. */
  #below(path: string | undefined, call?: SystemCall): string | undefined {
    if (path === undefined) return undefined
    const whole = this.#absolute(path, call)
    return whole === this.#root || whole.startsWith(`${this.#root}/`)
      ? whole.slice(this.#root.length + 1)
      : undefined
  }

  #absolute(path: string, call: SystemCall | undefined): string {
    const held = /^\/proc\/self\/fd\/(\d+)(.*)$/.exec(path)
    if (held) return join(this.#folders.get(held[1] ?? '') ?? '/', held[2] ?? '')
    const inside = /^\/data\/([^/]+)$/.exec(path)?.[1]
    if (inside !== undefined) return join(this.#data.get(inside) ?? '/data', inside)
    if (path.startsWith('/')) return path
    return join(call?.descriptors[0] ?? '/', path)
  }

  #act(act: Act): void {
    if (act.act === 'deed') this.#model.do(act.deed)
    this.acts.push(act)
  }

  #do(call: SystemCall, deed: Deed): void {
    this.#act({
      act: 'deed',
      deed,
      call: `${call.name} ${call.texts.map(toName).join(' ')}`,
    })
  }

  #entries(call: SystemCall, ...entries: EntryDeed[]): void {
    this.#do(call, { what: 'entries', entries })
  }

  #entry(path: string, inode: number | undefined): EntryDeed {
    const folder = dirname(path)
    const directory = this.#model.find(folder === '.' ? '' : folder)
    if (directory === undefined) throw new Error(`cannot replay ${path}: its folder is not there`)
    return { directory, name: basename(path), inode }
  }

  #open(call: SystemCall): void {
    if (call.flags.includes('O_DIRECTORY') && call.opened !== undefined) {
      this.#folders.set(String(call.result), call.opened)
    }
    const path = this.#below(call.texts[0], call)
    if (path === undefined) return
    const inode = this.#model.find(path) ?? this.#create(call, path)
    if (inode === undefined || this.#model.at(inode).kind !== 'file') return
    if (call.flags.includes('O_TRUNC')) this.#setLength(call, inode, 0)
    const isAppending = call.flags.includes('O_APPEND')
    this.#cursors.set(inode, isAppending ? Number.POSITIVE_INFINITY : 0)
  }

  #create(call: SystemCall, path: string): number | undefined {
    if (!call.flags.includes('O_CREAT')) return undefined
    const mode = (modeIn(call.flags) ?? 0o644) & ~0o022
    const inode = this.#model.make({ kind: 'file', mode })
    this.#entries(call, this.#entry(path, inode))
    return inode
  }

  #setLength(call: SystemCall, inode: number, length: number): void {
    const { kind, content } = this.#model.at(inode)
    if (kind === 'file' && content.length !== length)
      this.#do(call, { what: 'length', inode, length })
  }

  #write(call: SystemCall, at: number | undefined): void {
    const bytes = Buffer.from(call.texts.join('').slice(0, call.result), 'latin1')
    this.#put(call, call.descriptors[0], bytes, at)
  }

  #put(call: SystemCall, file: string | undefined, bytes: Buffer, at: number | undefined): void {
    const path = this.#below(file)
    const inode = path === undefined ? undefined : this.#model.find(path)
    if (inode === undefined || this.#model.at(inode).kind !== 'file') return
    const cursor = this.#cursors.get(inode) ?? 0
    const end = this.#model.at(inode).content.length
    const place = at ?? (Number.isFinite(cursor) ? cursor : end)
    this.#do(call, { what: 'bytes', inode, at: place, bytes })
    if (at === undefined) this.#cursors.set(inode, cursor + bytes.length)
  }

  /** What was copied within the kernel is not in the trace, but in the file it came from. */
  #copy(call: SystemCall, to: string | undefined, from: string | undefined): void {
    const source = this.#below(from)
    const target = this.#below(to)
    const inode = source === undefined ? undefined : this.#model.find(source)
    const into = target === undefined ? undefined : this.#model.find(target)
    if (inode === undefined || into === undefined) return
    const at = this.#cursors.get(into) ?? 0
    this.#put(call, to, this.#model.at(inode).content.subarray(at, at + call.result), undefined)
  }

  #truncate(call: SystemCall, file: string | undefined, length = 0): void {
    const path = this.#below(file, call)
    const inode = path === undefined ? undefined : this.#model.find(path)
    if (inode !== undefined) this.#setLength(call, inode, length)
  }

  #rename(call: SystemCall): void {
    const [from, to] = call.texts.map(one => this.#below(one, call))
    const inode = from === undefined ? undefined : this.#model.find(from)
    if (from === undefined || to === undefined || inode === undefined) return
    this.#entries(call, this.#entry(from, undefined), this.#entry(to, inode))
  }

  #link(call: SystemCall): void {
    const [from, to] = call.texts.map(one => this.#below(one, call))
    const inode = from === undefined ? undefined : this.#model.find(from)
    if (to !== undefined && inode !== undefined) this.#entries(call, this.#entry(to, inode))
  }

  #remove(call: SystemCall): void {
    const path = this.#below(call.texts[0], call)
    if (path === undefined || this.#model.find(path) === undefined) return
    this.#entries(call, this.#entry(path, undefined))
  }

  #make(call: SystemCall, at: string | undefined, inode: Pick<Inode, 'kind' | 'mode'>): void {
    const path = this.#below(at, call)
    if (path === undefined) return
    const mode = (modeIn(call.flags) ?? inode.mode) & ~0o022
    const number = this.#model.make({ ...inode, mode })
    this.#entries(call, this.#entry(path, number))
  }

  #symlink(call: SystemCall): void {
    const [target = '', at] = call.texts
    const path = this.#below(at, call)
    if (path === undefined) return
    const number = this.#model.make({ kind: 'link', mode: 0o777, target })
    this.#entries(call, this.#entry(path, number))
  }

  #sync(call: SystemCall): void {
    const path = this.#below(call.descriptors[0])
    const inode = path === undefined ? undefined : this.#model.find(path)
    if (inode !== undefined) this.#act({ act: 'sync', inodes: [inode], call: call.name })
  }

  /** Rights are taken as they end: what a file may be used for is not what is looked into here. */
  #chmod(call: SystemCall, at: string | undefined): void {
    const path = this.#below(at, call)
    const inode = path === undefined ? undefined : this.#model.find(path)
    const mode = modeIn(call.flags)
    if (inode !== undefined && mode !== undefined) this.#model.at(inode).mode = mode
  }

  #chown(call: SystemCall, at: string | undefined): void {
    const path = this.#below(at, call)
    const inode = path === undefined ? undefined : this.#model.find(path)
    if (inode === undefined) return
    const [uid = -1, gid = -1] = call.numbers.slice(-2)
    Object.assign(this.#model.at(inode), { ...(uid >= 0 && { uid }), ...(gid >= 0 && { gid }) })
  }
}

const mostOfName = 80

/** What a call was given, for people: of a journal's record its end, where its type stands. */
function toName(text: string): string {
  const plain = text.slice(-1000).replaceAll('\n', ' ')
  return plain.endsWith('} ')
    ? plain.slice(-mostOfName)
    : text.slice(0, mostOfName).replaceAll('\n', ' ')
}

/** strace writes modes in octal, and they alone begin with a zero. */
function modeIn(flags: string): number | undefined {
  const text = /\b0[0-7]{3,}\b/.exec(flags)?.[0]
  return text === undefined ? undefined : Number.parseInt(text, 8)
}
