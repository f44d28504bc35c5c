import {
  lstatSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/** Which files of a state directory are damaged, and how: a row of tests says it in these words. */
export type Tear = Readonly<Record<string, string>>

/** Where the file lies, and where the same state lies as it was one order before. */
interface Place {
  readonly root: string
  readonly older: string
}

type Damage = (file: string, place: Place) => void

/** Every way in which a file is not what was written, by its name. */
export const damages: Readonly<Record<string, Damage>> = {
  'is gone': file => rmSync(file),
  'is empty': file => truncate(file, () => 0),
  'lacks its last byte': file => truncate(file, length => length - 1),
  'lacks its last 73 bytes': file => truncate(file, length => length - 73),
  'is half there': file => truncate(file, length => length / 2),
  'has its first byte alone': file => truncate(file, () => 1),
  'has a bit changed at its start': file => flip(file, () => 0),
  'has a bit changed in the middle': file => flip(file, length => length / 2),
  'has a bit changed at its end': file => flip(file, length => length - 2),
  'is zeroed': file => overwrite(file, bytes => bytes.fill(0)),
  'is zeroed from the middle on': file =>
    overwrite(file, bytes => bytes.fill(0, bytes.length >> 1)),
  'is another file': (file, { root }) => swap(file, join(root, 'trust', 'catalogue-root.json')),
  'is the other kind of statement': (file, { root }) =>
    swap(file, join(root, 'trust', 'policy.json')),
  'is as it was one order before': (file, { root, older }) => swap(file, file.replace(root, older)),
}

function truncate(file: string, at: (length: number) => number): void {
  if (isLink(file)) relink(file, '')
  else {
    truncateSync(file, Math.max(0, Math.floor(at(lstatSync(file).size))))
  }
}

function flip(file: string, at: (length: number) => number): void {
  overwrite(file, bytes => {
    const i = Math.max(0, Math.floor(at(bytes.length)))
    return bytes.fill((bytes[i] ?? 0) ^ 4, i, i + 1)
  })
}

/** In a file of its own: what is linked hard elsewhere is another file there. */
function overwrite(file: string, change: (bytes: Buffer) => Uint8Array): void {
  if (isLink(file)) relink(file, 'nowhere')
  else {
    const bytes = readFileSync(file)
    rmSync(file)
    writeFileSync(file, change(bytes))
  }
}

function swap(file: string, other: string): void {
  if (isLink(file)) relink(file, linkAt(other))
  else {
    const bytes = readIfThere(other)
    if (bytes) overwrite(file, () => bytes)
  }
}

/** A link cannot be cut: one that names nothing, or a file in its place, is how one is torn. */
function relink(file: string, target: string): void {
  rmSync(file)
  if (target === '') writeFileSync(file, '')
  else symlinkSync(target, file)
}

function isLink(file: string): boolean {
  return lstatSync(file).isSymbolicLink()
}

function linkAt(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return 'elsewhere'
  }
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}
