import type { FileBytes } from './traces.ts'

/** What a program or library says to the loader. System V ABI, chapter 5, "Dynamic Section" */
export interface Dynamic {
  /** The libraries it needs, by soname. */
  readonly needs: readonly string[]
  readonly soname?: string
}

const headLength = 64
const programHeader = { load: 1, dynamic: 2, length: 56 }
const tag = { end: 0, needed: 1, strings: 5, soname: 14 }
/** A file that says more of itself than this is odd, and is taken to need nothing. */
const most = { headers: 64, dynamic: 64 * 1024, strings: 16 * 1024 * 1024 }

/** What an ELF file of 64 bits needs; undefined where it is none, or loads nothing. */
export async function dynamicOf(file: FileBytes): Promise<Dynamic | undefined> {
  const head = await readView(file, 0, headLength)
  // 0x7f "ELF", 64 bits, little-endian.
  if (head?.getUint32(0) !== 0x7f454c46 || head.getUint16(4) !== 0x0201) return undefined
  const segments = await segmentsOf(file, head)
  const own = segments.find(({ type }) => type === programHeader.dynamic)
  if (!own || own.size > most.dynamic) return undefined
  const view = await readView(file, own.offset, own.size)
  return view && readEntries(file, entriesIn(view), segments)
}

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly size: number
}

async function segmentsOf(file: FileBytes, head: DataView): Promise<Segment[]> {
  const count = Math.min(head.getUint16(56, true), most.headers)
  const view = await readView(file, number64(head, 32), count * programHeader.length)
  if (!view) return []
  return Array.from({ length: count }, (_, i) => {
    const at = i * programHeader.length
    const [offset, address] = [number64(view, at + 8), number64(view, at + 16)]
    return { type: view.getUint32(at, true), offset, address, size: number64(view, at + 32) }
  })
}

type Entry = readonly [tag: number, value: number]

function entriesIn(view: DataView): Entry[] {
  const entries: Entry[] = []
  for (let at = 0; at + 16 <= view.byteLength; at += 16) {
    const entry: Entry = [number64(view, at), number64(view, at + 8)]
    if (entry[0] === tag.end) break
    entries.push(entry)
  }
  return entries
}

async function readEntries(
  file: FileBytes,
  entries: readonly Entry[],
  segments: readonly Segment[],
): Promise<Dynamic> {
  const strings = offsetOf(entries.find(([name]) => name === tag.strings)?.[1] ?? 0, segments)
  const textsOf = (wanted: number): Promise<string[]> =>
    Promise.all(
      entries
        .filter(([name, value]) => name === wanted && value < most.strings)
        .map(([, value]) => textAt(file, strings + value)),
    )
  const [soname] = await textsOf(tag.soname)
  return { needs: await textsOf(tag.needed), ...(soname !== undefined && { soname }) }
}

/** Where in the file an address is loaded from. */
function offsetOf(address: number, segments: readonly Segment[]): number {
  const found = segments.find(
    one =>
      one.type === programHeader.load && address >= one.address && address < one.address + one.size,
  )
  return found ? address - found.address + found.offset : address
}

const longestName = 256

async function textAt(file: FileBytes, offset: number): Promise<string> {
  const view = await readView(file, offset, Math.min(longestName, file.length - offset))
  if (!view) return ''
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength)
  const end = bytes.indexOf(0)
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end)
}

async function readView(
  file: FileBytes,
  offset: number,
  length: number,
): Promise<DataView | undefined> {
  if (length <= 0 || offset < 0 || offset + length > file.length) return undefined
  const bytes = await file.read(offset, length)
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** Beyond 2^53 no file has an offset; such a number then lies outside of every file. */
function number64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true))
}
