import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { FileModel, type Inode, rootInode } from './file-model.ts'
import { runTool } from './host-shell.ts'

/** Reads what lies below a directory; files of one inode are one. */
export function readFiles(root: string): FileModel {
  const model = new FileModel()
  const numbers = new Map<number, number>()
  model.make(inodeAt(root))
  read(root, rootInode)
  return model

  function read(path: string, directory: number): void {
    for (const name of readdirSync(path).sort()) {
      const { ino } = lstatSync(join(path, name))
      const number = numbers.get(ino) ?? model.make(inodeAt(join(path, name)))
      numbers.set(ino, number)
      model.at(directory).entries.set(name, number)
      if (model.at(number).kind === 'directory') read(join(path, name), number)
    }
  }
}

function inodeAt(path: string): Pick<Inode, 'kind' | 'mode'> & Partial<Inode> {
  const facts = lstatSync(path)
  const own = { mode: facts.mode & 0o7777, uid: facts.uid, gid: facts.gid }
  if (facts.isDirectory()) return { kind: 'directory', ...own }
  if (facts.isSymbolicLink()) return { kind: 'link', target: readlinkSync(path), ...own }
  if (facts.isFile()) return { kind: 'file', content: readFileSync(path), ...own }
  return { kind: 'pipe', ...own }
}

/** Lays the files out below a directory that is not there yet. */
export async function layFiles(model: FileModel, root: string): Promise<void> {
  const places = new Map<number, string>()
  mkdirSync(root)
  chmodSync(root, model.at(rootInode).mode)
  for (const [path, number] of model.walk()) {
    const at = join(root, path)
    const other = places.get(number)
    if (other !== undefined) linkSync(other, at)
    else await lay(model.at(number), at)
    if (model.at(number).kind !== 'directory') places.set(number, at)
  }
}

async function lay(inode: Inode, at: string): Promise<void> {
  await makers[inode.kind](inode, at)
  lchownSync(at, inode.uid, inode.gid)
  if (inode.kind !== 'link') chmodSync(at, inode.mode)
}

const makers: Readonly<Record<Inode['kind'], (inode: Inode, at: string) => unknown>> = {
  file: ({ content }, at) => writeFileSync(at, content),
  directory: (_, at) => mkdirSync(at),
  link: ({ target }, at) => symlinkSync(target, at),
  pipe: (_, at) => runTool('mkfifo', [at]),
}
