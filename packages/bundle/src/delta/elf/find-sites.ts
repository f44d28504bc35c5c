import { scanArm } from './aarch64.ts'
import { type Form, forms, widthOf } from './forms.ts'
import type { Layout, Machine, Section } from './layout.ts'
import type { Sites } from './sites.ts'
import { scanX86 } from './x86-64.ts'

/** Finds references in the code between two places of some bytes. */
type Scan = (bytes: Uint8Array, from: number, to: number, sites: Sites) => void

/** How each machine's code is searched, and at which multiple its instructions stand. */
const scans: Readonly<Record<Machine, { readonly scan: Scan; readonly step: number }>> = {
  x86_64: { scan: scanX86, step: 1 },
  aarch64: { scan: scanArm, step: 4 },
}

/** Section types of the System V ABI, figure 4-9, and what GNU and x86-64 added. */
const types = {
  bits: 1,
  symbols: 2,
  relocations: 4,
  dynamic: 6,
  dynamicSymbols: 11,
  starts: 14,
  ends: 15,
} as const
const writable = 1
const executable = 4

/** Fields of a table of equal entries that hold an address. */
interface Fields {
  readonly from: number
  readonly to: number
  readonly stride: number
  readonly fields: readonly (readonly [at: number, form: Form])[]
}

/** Adds the sites in `bytes`, which are those of the file from `start` on. */
export function findSites(bytes: Uint8Array, start: number, layout: Layout, sites: Sites): void {
  const end = start + bytes.length
  for (const section of layout.sections) {
    if (section.offset >= end || section.offset + section.size <= start) continue
    if ((section.flags & executable) !== 0) scanSection(bytes, start, section, layout, sites)
    else addFields(tableIn(section, layout), start, end, sites)
  }
  addFrames(bytes, start, layout.frames, sites)
  addFields(sectionTable(layout), start, end, sites)
}

function scanSection(
  bytes: Uint8Array,
  start: number,
  { offset, size }: Section,
  { machine }: Layout,
  sites: Sites,
): void {
  const { scan, step } = scans[machine]
  const inside = Math.max(0, start - offset)
  const from = offset + Math.ceil(inside / step) * step - start
  scan(bytes, from, Math.min(bytes.length, offset + size - start), sites)
}

function sectionTable({ sectionHeaders, sectionCount }: Layout): Fields {
  const to = sectionHeaders + sectionCount * 64
  return { from: sectionHeaders, to, stride: 64, fields: [[16, forms.address]] }
}

const symbolFields = { stride: 24, fields: [[8, forms.address]] } as const
const words = { stride: 8, fields: [[0, forms.address]] } as const
const tables: Readonly<Record<number, Pick<Fields, 'stride' | 'fields'>>> = {
  [types.relocations]: {
    stride: 24,
    fields: [
      [0, forms.address],
      [16, forms.address],
    ],
  },
  [types.symbols]: symbolFields,
  [types.dynamicSymbols]: symbolFields,
  [types.dynamic]: { stride: 16, fields: [[8, forms.address]] },
  [types.starts]: words,
  [types.ends]: words,
}

function tableIn(section: Section, layout: Layout): Fields | undefined {
  const { offset: from, size, type, flags, address } = section
  const to = from + size
  if (address > 0 && address === layout.unwindIndex) {
    return { from: from + 12, to, stride: 4, fields: [[0, forms.index]] }
  }
  const isPointers = type === types.bits && (flags & writable) !== 0
  const table = isPointers ? words : tables[type]
  return table && { ...table, from, to }
}

function addFields(table: Fields | undefined, start: number, end: number, sites: Sites): void {
  if (!table) return
  const { from, stride, fields } = table
  const to = Math.min(table.to, end)
  const first = from + Math.max(0, Math.floor((start - from) / stride)) * stride
  for (let entry = first; entry < to; entry += stride) {
    for (const [at, form] of fields) {
      const place = entry + at
      if (place >= start && place + widthOf(form) <= to) sites.add(place - start, form)
    }
  }
}

/** What an entry of `.eh_frame` refers to: its common part, its function, its table of handlers. */
function addFrames(bytes: Uint8Array, start: number, frames: Int32Array, sites: Sites): void {
  const add = (at: number, form: Form): void => {
    if (at >= 0 && at + 4 <= bytes.length) sites.add(at, form)
  }
  for (let i = firstAbove(frames, start - 21); i < frames.length; i++) {
    const at = (frames[i] ?? 0) - start
    if (at >= bytes.length) return
    add(at + 4, forms.back)
    add(at + 8, forms.here)
    if (bytes[at + 16] === 4) add(at + 17, forms.here)
  }
}

function firstAbove(frames: Int32Array, offset: number): number {
  let low = 0
  let high = frames.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((frames[middle] ?? 0) < offset) low = middle + 1
    else high = middle
  }
  return low
}
