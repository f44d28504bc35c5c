import type { ByteSource } from '../byte-source.ts'
import { int32At, uint16At, uint32At, uint64At } from './little-endian.ts'

/** Machines whose code is understood. */
export type Machine = 'x86_64' | 'aarch64'

/** A part of a file that is loaded at an address. */
export interface Segment {
  readonly offset: number
  readonly address: number
  readonly fileSize: number
  readonly size: number
}

export interface Section {
  readonly type: number
  readonly flags: number
  readonly address: number
  readonly offset: number
  readonly size: number
  readonly entrySize: number
}

/** Where a file is loaded, as its program headers have it. */
export interface Loading {
  readonly machine: Machine
  readonly segments: readonly Segment[]
  /** Address of `.eh_frame_hdr`, 0 without one. */
  readonly unwindIndex: number
  /** One beyond the highest address. */
  readonly end: number
}

export interface Layout extends Loading {
  readonly sections: readonly Section[]
  readonly sectionHeaders: number
  readonly sectionCount: number
  /** Offsets of the entries of `.eh_frame` that describe a function, rising. */
  readonly frames: Int32Array
}

/** Program headers stand within so many bytes from the beginning, or the file is not understood. */
export const headLength = 1024
/** Addresses and offsets stay below this, so that a target and its move fit in one number. */
const mostAddress = 2 ** 28
const mostSections = 4096
const longestFrames = 32 * 1024 * 1024
const blockLength = 65_536

/** The layout of an ELF file for a known machine; undefined where it is something else, or odd. */
export async function layoutOf(source: ByteSource): Promise<Layout | undefined> {
  if (source.length < headLength || source.length > mostAddress) return undefined
  const head = await source.read(0, headLength)
  const loading = loadingOf(head)
  if (!loading) return undefined
  const sectionHeaders = uint64At(head, 40)
  const count = uint16At(head, 60)
  const length = count * 64
  const isOdd = uint16At(head, 58) !== 64 || count > mostSections
  if (isOdd || sectionHeaders + length > source.length) return undefined
  const sections = sectionsIn(await source.read(sectionHeaders, length), source.length)
  const frames = await framesOf(source, loading, sections)
  return { ...loading, sections, sectionHeaders, sectionCount: count, frames }
}

/** What the first {@link headLength} bytes of a file tell: System V ABI, chapters 4 and 5. */
export function loadingOf(head: Uint8Array): Loading | undefined {
  // 64 bits, little-endian, a program or a shared library.
  const isElf = uint32At(head, 0) === 0x464c457f && uint16At(head, 4) === 0x0102
  const machine = machineOf(uint16At(head, 18))
  const start = uint64At(head, 32)
  const count = uint16At(head, 56)
  const isOdd = uint16At(head, 54) !== 56 || start + count * 56 > headLength
  if (!isElf || !machine || isOdd || count === 0) return undefined
  const headers = Array.from({ length: count }, (_, i) => head.subarray(start + i * 56))
  const segments = headers.filter(header => uint32At(header, 0) === 1).map(segmentIn)
  const index = headers.find(header => uint32At(header, 0) === 0x6474e550)
  const end = Math.max(0, ...segments.map(({ address, size }) => address + size))
  if (end === 0 || end > mostAddress) return undefined
  return { machine, segments, unwindIndex: index ? uint64At(index, 16) : 0, end }
}

/** The address at which a byte of the file is loaded, or -1. */
export function addressOf(segments: readonly Segment[], offset: number): number {
  for (const segment of segments) {
    const inside = offset - segment.offset
    if (inside >= 0 && inside < segment.fileSize) return segment.address + inside
  }
  return -1
}

/** The place in the file of what is loaded at an address, or -1. */
export function offsetOf(segments: readonly Segment[], address: number): number {
  for (const segment of segments) {
    const inside = address - segment.address
    if (inside >= 0 && inside < segment.fileSize) return segment.offset + inside
  }
  return -1
}

function machineOf(number: number): Machine | undefined {
  if (number === 62) return 'x86_64'
  return number === 183 ? 'aarch64' : undefined
}

function segmentIn(header: Uint8Array): Segment {
  return {
    offset: uint64At(header, 8),
    address: uint64At(header, 16),
    fileSize: uint64At(header, 32),
    size: uint64At(header, 40),
  }
}

function sectionsIn(table: Uint8Array, length: number): Section[] {
  return Array.from({ length: table.length / 64 }, (_, i) => table.subarray(i * 64))
    .map(header => ({
      type: uint32At(header, 4),
      flags: uint32At(header, 8),
      address: uint64At(header, 16),
      offset: uint64At(header, 24),
      size: uint64At(header, 32),
      entrySize: uint64At(header, 56),
    }))
    .filter(({ type, offset, size }) => type !== 0 && type !== 8 && offset + size <= length)
    .filter(({ size }) => size > 0)
    .sort((a, b) => a.offset - b.offset)
}

/** Walks `.eh_frame`, whose address `.eh_frame_hdr` has at its fifth byte (LSB 10.6). */
async function framesOf(
  source: ByteSource,
  loading: Loading,
  sections: readonly Section[],
): Promise<Int32Array> {
  const none = new Int32Array(0)
  const index = sections.find(({ address }) => address > 0 && address === loading.unwindIndex)
  if (!index || index.size < 12) return none
  const pointer = await source.read(index.offset, 8)
  // DW_EH_PE_pcrel | DW_EH_PE_sdata4, as all linkers write it.
  if (pointer[1] !== 0x1b) return none
  const start = index.address + 4 + int32At(pointer, 4)
  const section = sections.find(({ address }) => address === start)
  if (!section || section.size > longestFrames) return none
  return await walkFrames(source, section)
}

/** Reads the section in blocks: of each entry only its length and whose it is are looked at. */
async function walkFrames(source: ByteSource, { offset, size }: Section): Promise<Int32Array> {
  const frames = new Int32Array(Math.floor(size / 12))
  const end = offset + size
  let block = new Uint8Array(0)
  let start = offset
  let count = 0
  for (let at = offset; at + 12 <= end; ) {
    if (at - start + 8 > block.length) {
      block = new Uint8Array(await source.read(at, Math.min(blockLength, end - at)))
      start = at
    }
    const length = uint32At(block, at - start)
    if (length === 0 || length > end - at - 4) break
    if (uint32At(block, at - start + 4) !== 0 && length >= 8) frames[count++] = at
    at += 4 + length
  }
  return frames.subarray(0, count)
}
