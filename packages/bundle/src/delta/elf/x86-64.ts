import { forms } from './forms.ts'
import { int32At } from './little-endian.ts'
import type { Sites } from './sites.ts'

/** One-byte opcodes with a ModR/M byte: 1, and the length of the immediate behind it plus one. */
const oneByte = opcodes([
  [1, '00-03 08-0b 10-13 18-1b 20-23 28-2b 30-33 38-3b 63 84-8b 8d d1 d3 d8-df f6 f7 fe ff'],
  [2, '6b 80 83 c0 c1 c6'],
  [5, '69 81 c7'],
])
/** The same for opcodes after 0f. */
const twoByte = opcodes([
  [1, '10-17 28-2f 40-6f 74-76 7e 7f 90-9f a3 ab af b0-b3 b6-b9 bb-c1 d0-fe'],
  [2, '70-73 a4 ac ba c2 c4-c6'],
])

/** By the values of the tables. */
const formsByKind = [undefined, forms.rel, forms.rel1, forms.rel2, undefined, forms.rel4]

/**
 * Finds what looks like a call, a jump or an operand relative to the instruction pointer. It does
 * not decode instructions: what is no reference seldom leads to an address inside the file.
 */
export function scanX86(bytes: Uint8Array, from: number, to: number, sites: Sites): void {
  for (let i = from; i < to - 8; i++) {
    const length = branchAt(bytes, i)
    if (length > 0) {
      sites.add(i + length, forms.rel)
      i += length + 3
      continue
    }
    const place = i + (bytes[i] === 0x0f ? 3 : 2)
    if (!isRelative(bytes[place - 1]) || isNear(bytes, place)) continue
    const form = formsByKind[kindAt(bytes, i)]
    if (form === undefined) continue
    sites.add(place, form)
    i = place + 3
  }
}

/** Length of the opcode of a call or jump with 32 bits of displacement, or 0. */
function branchAt(bytes: Uint8Array, at: number): number {
  const opcode = bytes[at] ?? 0
  if (opcode === 0xe8 || opcode === 0xe9) return isFar(bytes, at + 1) ? 1 : 0
  if (opcode !== 0x0f || ((bytes[at + 1] ?? 0) & 0xf0) !== 0x80) return 0
  return isFar(bytes, at + 2) ? 2 : 0
}

/** What the opcode tables have for an instruction with a ModR/M byte; 0 for none. */
function kindAt(bytes: Uint8Array, at: number): number {
  const opcode = bytes[at] ?? 0
  if (opcode === 0x0f) return twoByte[bytes[at + 1] ?? 0] ?? 0
  // f6 and f7 have an immediate only as `test`; 66 before an opcode shortens the longer ones.
  if ((opcode | 1) === 0xf7) return testKind(opcode, bytes[at + 1] ?? 0)
  const kind = oneByte[opcode] ?? 0
  return kind === 5 && bytes[at - 1] === 0x66 ? 3 : kind
}

function testKind(opcode: number, operand: number): number {
  if ((operand & 0x30) !== 0) return 1
  return opcode === 0xf6 ? 2 : 5
}

/** ModR/M with no base but the instruction pointer. */
function isRelative(byte: number | undefined): boolean {
  return ((byte ?? 0) & 0xc7) === 5
}

function isFar(bytes: Uint8Array, at: number): boolean {
  const high = bytes[at + 3] ?? 0
  return (high < 0x10 || high >= 0xf0) && !isNear(bytes, at)
}

function isNear(bytes: Uint8Array, at: number): boolean {
  const displacement = int32At(bytes, at)
  return displacement > -128 && displacement < 128
}

function opcodes(rows: readonly (readonly [kind: number, list: string])[]): Uint8Array {
  const table = new Uint8Array(256)
  for (const [kind, list] of rows) {
    for (const range of list.split(' ')) {
      const [first = '', last = first] = range.split('-')
      table.fill(kind, Number.parseInt(first, 16), Number.parseInt(last, 16) + 1)
    }
  }
  return table
}
