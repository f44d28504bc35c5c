import { type Form, forms, lowScale } from './forms.ts'
import { int32At } from './little-endian.ts'
import type { Sites } from './sites.ts'

/** Encodings with an address in them: C4.1 of the Arm Architecture Reference Manual for A-profile. */
const encodings: readonly (readonly [mask: number, bits: number, form: Form])[] = [
  [0x7c000000, 0x14000000, forms.branch26], // B, BL
  [0xff000010, 0x54000000, forms.branch19], // B.cond
  [0x7e000000, 0x34000000, forms.branch19], // CBZ, CBNZ
  [0x3b000000, 0x18000000, forms.branch19], // LDR (literal)
  [0x7e000000, 0x36000000, forms.branch14], // TBZ, TBNZ
  [0x9f000000, 0x10000000, forms.near], // ADR
  [0x9f000000, 0x90000000, forms.page], // ADRP
]
const lows = [forms.low, forms.low2, forms.low4, forms.low8, forms.low16] as const

/** An ADRP further back than this has another purpose. */
const farthest = 256

/** Finds branches, and each ADRP with the instructions that add the place within its page. */
export function scanArm(bytes: Uint8Array, from: number, to: number, sites: Sites): void {
  /** For each register the site of the last ADRP into it. */
  const pages = new Int32Array(32).fill(-1)
  for (let at = from; at + 4 <= to; at += 4) {
    const word = int32At(bytes, at)
    const form = formByTop[word >>> 24] === 1 ? formOf(word) : undefined
    if (form === undefined) pairUp(word, at, pages, sites)
    else {
      if (form === forms.page) pages[word & 31] = sites.count
      sites.add(at, form)
    }
  }
}

/** Adds an ADD, a load or a store whose base register holds a page. */
function pairUp(word: number, at: number, pages: Int32Array, sites: Sites): void {
  const isAdd = (word & 0xffc00000) === (0x91000000 | 0)
  const isAccess = (word & 0x3b000000) === 0x39000000
  if (!isAdd && !isAccess) return
  const page = pages[(word >> 5) & 31] ?? -1
  if (page < 0 || at - sites.at(page) > farthest) return
  if (sites.other(page) < 0) sites.pair(page, at)
  sites.add(at, lows[lowScale(word)] ?? forms.low, sites.at(page))
  if (isAdd) pages[word & 31] = -1
}

/** 1 for each highest byte that an encoding can have. */
const formByTop = Uint8Array.from({ length: 256 }, (_, top) =>
  Number(
    encodings.some(
      ([mask, bits]) => ((top << 24) & mask) >>> 24 === ((bits >>> 24) & (mask >>> 24)),
    ),
  ),
)

function formOf(word: number): Form | undefined {
  return encodings.find(([mask, bits]) => (word & mask) === (bits | 0))?.[2]
}
