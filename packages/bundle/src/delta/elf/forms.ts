import type { Loading } from './layout.ts'
import { int32At, putInt32 } from './little-endian.ts'

/** In which form a place refers to an address. */
export const forms = {
  /** 32 bits from the end of the instruction, which is here or one, two or four bytes further. */
  rel: 0,
  rel1: 1,
  rel2: 2,
  rel4: 3,
  /** 64 bits, the address itself. */
  address: 4,
  /** 32 bits from the place itself. */
  here: 5,
  /** 32 bits from `.eh_frame_hdr`. */
  index: 6,
  /** 32 bits back from the place itself. */
  back: 7,
  /** Of AArch64: 26, 19 and 14 bits of words from the place, and 21 of bytes. */
  branch26: 8,
  branch19: 9,
  branch14: 10,
  near: 11,
  /** 21 bits of pages from the place; the place within the page is in another instruction. */
  page: 12,
  /** That instruction: twelve bits of bytes, or of two, four, eight or sixteen. */
  low: 13,
  low2: 14,
  low4: 15,
  low8: 16,
  low16: 17,
} as const
export type Form = (typeof forms)[keyof typeof forms]

/** One place that refers to an address, in its bytes, with the address where it is loaded. */
export interface Reference {
  readonly bytes: Uint8Array
  readonly at: number
  readonly form: Form
  /** Place of the other half of a page and a place within it, -1 without. */
  readonly other: number
  readonly address: number
}

/** How many bytes a form takes. */
export function widthOf(form: Form): number {
  return form === forms.address ? 8 : 4
}

/** The bits of the four bytes at a place that hold the address. */
export function maskOf(form: Form): number {
  return rules[form]?.mask ?? -1
}

/** The address that is referred to, or -1 where it is none of the file. */
export function targetOf(reference: Reference, loading: Loading): number {
  const { bytes, at, form } = reference
  // An address in the upper half is none of a file below 256 MiB.
  if (form === forms.address && int32At(bytes, at + 4) !== 0) return -1
  const target = rules[form]?.read(int32At(bytes, at), reference, loading) ?? -1
  return target > 0 && target < loading.end ? target : -1
}

/** Makes a place refer to `target`. */
export function putTarget(reference: Reference, loading: Loading, target: number): void {
  const { bytes, at, form } = reference
  const rule = rules[form]
  if (!rule) return
  const bits = rule.write(target, reference, loading)
  putInt32(bytes, at, (int32At(bytes, at) & ~rule.mask) | (bits & rule.mask))
}

interface Rule {
  readonly mask: number
  readonly read: (word: number, reference: Reference, loading: Loading) => number
  /** The bits of the mask, whatever the others are. */
  readonly write: (target: number, reference: Reference, loading: Loading) => number
}

type Base = (reference: Reference, loading: Loading) => number

/** In the order of {@link forms}. */
const rules: readonly Rule[] = [
  relative(({ address }) => address + 4),
  relative(({ address }) => address + 5),
  relative(({ address }) => address + 6),
  relative(({ address }) => address + 8),
  relative(() => 0),
  relative(({ address }) => address),
  relative((_, { unwindIndex }) => unwindIndex),
  {
    mask: -1,
    read: (word, { address }) => address - word,
    write: (target, { address }) => address - target,
  },
  branch(26, 0),
  branch(19, 5),
  branch(14, 5),
  {
    mask: 0x60ffffe0,
    read: (word, { address }) => address + splitBits(word),
    write: (target, { address }) => toSplitBits(target - address),
  },
  {
    mask: 0x60ffffe0,
    read: (word, reference) => pageOf(word, reference.address) + lowOf(reference),
    write: (target, { address }) => toSplitBits((target >> 12) - (address >> 12)),
  },
  ...[0, 1, 2, 3, 4].map(within),
]

function relative(base: Base): Rule {
  return {
    mask: -1,
    read: (word, reference, loading) => base(reference, loading) + word,
    write: (target, reference, loading) => target - base(reference, loading),
  }
}

/** A number of instructions, `bits` wide from bit `shift` on: C4.1 of the Arm manual. */
function branch(bits: number, shift: number): Rule {
  const mask = ((1 << bits) - 1) << shift
  return {
    mask,
    read: (word, { address }) => address + ((word << (32 - bits - shift)) >> (32 - bits)) * 4,
    write: (target, { address }) => ((target - address) >> 2) << shift,
  }
}

/** The low twelve bits of an address, of which the last `scale` are zero and left out. */
function within(scale: number): Rule {
  return {
    mask: 0x003ffc00,
    read: (word, { bytes, at, other, address }) =>
      pageOf(int32At(bytes, other), address + other - at) + (((word >> 10) & 0xfff) << scale),
    write: target => ((target & 0xfff) >> scale) << 10,
  }
}

function pageOf(word: number, address: number): number {
  return ((address >> 12) + splitBits(word)) * 4096
}

function lowOf({ bytes, other }: Reference): number {
  if (other < 0) return 0
  const word = int32At(bytes, other)
  return ((word >> 10) & 0xfff) << lowScale(word)
}

/** ADR and ADRP keep the two lowest of 21 bits apart. */
function splitBits(word: number): number {
  return (((word << 8) >> 13) << 2) | ((word >> 29) & 3)
}

function toSplitBits(value: number): number {
  return ((value & 3) << 29) | ((value >> 2) << 5)
}

/** By how many bits an ADD, a load or a store shifts its immediate; the latter have bit 27. */
export function lowScale(word: number): number {
  if ((word & 0x08000000) === 0) return 0
  const isWide = (word & 0x04800000) === (0x04800000 | 0)
  return isWide && word >>> 30 === 0 ? 4 : word >>> 30
}
