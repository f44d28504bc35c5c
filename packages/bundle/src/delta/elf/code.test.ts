import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { toByteSource } from '../byte-source.ts'
import { type Changes, changesOf } from '../changes.ts'
import { packRoughly } from '../pack.ts'
import { isMadeBy } from '../proof.ts'
import { layoutOf, type Machine } from './layout.ts'

const budget = 64 << 20

/** How many instructions each function has. */
type Functions = readonly number[]

/** Between ten and forty groups of instructions each. */
const functions: Functions = Array.from({ length: 60 }, (_, i) => 10 + ((i * 37) % 31))

const machines: readonly Machine[] = ['x86_64', 'aarch64']

for (const machine of machines) {
  describe(`a program for ${machine}`, () => {
    const old = programOf(machine, functions)
    const next = programOf(machine, grown(functions, 3))

    test('whose functions moved costs half of what it costs as plain bytes', async () => {
      const code = await changesBetween(old, next)
      const plain = await changesBetween(old, unknown(next))
      assert.deepEqual([code.isCode, plain.isCode], [true, false])
      assert.ok(lengthOf(code) * 2 < lengthOf(plain), `${lengthOf(code)} ${lengthOf(plain)}`)
    })

    test('is made again from its streams, and from no other old file', async () => {
      const packed = packRoughly((await changesBetween(old, next)).streams)
      assert.equal(await isMadeBy(packed, toByteSource(old), next), true)
      const other = programOf(machine, grown(functions, 7))
      assert.equal(await isMadeBy(packed, toByteSource(other), next), false)
      assert.equal(await isMadeBy(packed, toByteSource(unknown(old)), next), false)
    })

    test('of which any bytes were changed is made again or taken as plain bytes', async () => {
      const places = fc.array(fc.tuple(fc.nat({ max: next.length - 1 }), fc.nat({ max: 255 })))
      const heads = fc.array(fc.tuple(fc.nat({ max: 200 }), fc.nat({ max: 255 })), { maxLength: 2 })
      await fc.assert(
        fc.asyncProperty(places, heads, heads, async (edits, oldHead, newHead) => {
          const from = changed(old, oldHead)
          const to = changed(next, [...edits, ...newHead])
          const { streams, isCode } = await changesBetween(from, to)
          if (isCode) assert.ok(await isMadeBy(packRoughly(streams), toByteSource(from), to))
        }),
        { numRuns: 25 },
      )
    })
  })
}

const odd: [what: string, change: (bytes: Uint8Array) => void][] = [
  ['another machine', bytes => bytes.set([3], 18)],
  ['32 bits', bytes => bytes.set([1], 4)],
  ['the most significant byte first', bytes => bytes.set([2], 5)],
  ['no program headers', bytes => bytes.set([0], 56)],
  ['program headers beyond its first 1,024 bytes', bytes => bytes.set([0xff], 56)],
  ['section headers beyond its end', bytes => bytes.set([0xff, 0xff, 0xff], 40)],
  ['section headers of another size', bytes => bytes.set([32], 58)],
  ['a segment above 256 MiB', bytes => bytes.set([0xff, 0xff, 0xff, 0xff], 64 + 40)],
]
for (const [what, change] of odd) {
  test(`an ELF file with ${what} is no program that is understood`, async () => {
    const program = programOf('x86_64', functions)
    assert.ok(await layoutOf(toByteSource(program)))
    change(program)
    assert.equal(await layoutOf(toByteSource(program)), undefined)
  })
}

async function changesBetween(old: Uint8Array, next: Uint8Array): Promise<Changes> {
  return await changesOf(toByteSource(old), toByteSource(next), { memory: budget, predicts: true })
}

function lengthOf({ streams }: Changes): number {
  return packRoughly(streams).reduce((sum, { packed }) => sum + packed.length, 0)
}

function changed(bytes: Uint8Array, edits: readonly (readonly [number, number])[]): Uint8Array {
  const copy = new Uint8Array(bytes)
  for (const [at, value] of edits) copy[at] = value
  return copy
}

/** The same bytes as a file that is no program. */
function unknown(program: Uint8Array): Uint8Array {
  return changed(program, [[18, 3]])
}

function grown(of: Functions, which: number): Functions {
  return of.map((length, i) => (i === which ? length + 9 : length))
}

/** Sixty functions that call each other and use data, with a relocation for each. */
function programOf(machine: Machine, lengths: Functions): Uint8Array {
  const starts = lengths.map((_, i) => 1024 + lengths.slice(0, i).reduce((a, b) => a + b, 0) * 16)
  const textEnd = 1024 + lengths.reduce((a, b) => a + b, 0) * 16
  const dataAt = textEnd + lengths.length * 24
  const headersAt = dataAt + lengths.length * 8
  const bytes = new Uint8Array(headersAt + 4 * 64)
  const view = new DataView(bytes.buffer)
  const put = (at: number, value: number): void => view.setUint32(at, value, true)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  view.setUint16(18, machine === 'x86_64' ? 62 : 183, true)
  put(32, 64)
  put(40, headersAt)
  bytes.set([56, 0, 1, 0, 64, 0, 4, 0], 54)
  for (const [at, value] of [
    [0, 1],
    [32, bytes.length],
    [40, bytes.length],
  ] as const) {
    put(64 + at, value)
  }
  const emit = machine === 'x86_64' ? emitX86 : emitArm
  for (const [i, length] of lengths.entries()) {
    for (let k = 0; k < length; k++) {
      const callee = starts[(i * 7 + k * 5) % starts.length]!
      emit(
        view,
        starts[i]! + k * 16,
        callee,
        dataAt + ((i + k * 3) % lengths.length) * 8,
        i * 64 + k,
      )
    }
    put(textEnd + i * 24, dataAt + i * 8)
    put(textEnd + i * 24 + 8, 8)
    put(textEnd + i * 24 + 16, starts[i]!)
  }
  const sections = [
    [1, 6, 1024, textEnd - 1024, 0],
    [4, 2, textEnd, dataAt - textEnd, 24],
    [1, 3, dataAt, headersAt - dataAt, 0],
  ] as const
  for (const [i, [type, flags, at, size, entry]] of sections.entries()) {
    const header = headersAt + (i + 1) * 64
    for (const [place, value] of [
      [4, type],
      [8, flags],
      [16, at],
      [24, at],
      [32, size],
      [56, entry],
    ] as const) {
      put(header + place, value)
    }
  }
  return bytes
}

/** `call callee; lea data(%rip), %rsi; mov $seed, %eax`: sixteen bytes and a nop less. */
function emitX86(view: DataView, at: number, callee: number, data: number, seed: number): void {
  view.setUint8(at, 0xe8)
  view.setInt32(at + 1, callee - at - 5, true)
  view.setUint16(at + 5, 0x8d48, true)
  view.setUint8(at + 7, 0x35)
  view.setInt32(at + 8, data - at - 12, true)
  view.setUint32(at + 12, ((seed * 2_654_435_761) >>> 8) * 256 + 0xb0, true)
}

/** `bl callee; adrp x1, data; add x1, x1, data; mov w0, seed`. */
function emitArm(view: DataView, at: number, callee: number, data: number, seed: number): void {
  const pages = (data >> 12) - ((at + 4) >> 12)
  view.setUint32(at, 0x94000000 | (((callee - at) >> 2) & 0x03ffffff), true)
  view.setUint32(at + 4, 0x90000001 | ((pages & 3) << 29) | (((pages >> 2) & 0x7ffff) << 5), true)
  view.setUint32(at + 8, 0x91000021 | ((data & 0xfff) << 10), true)
  view.setUint32(at + 12, 0x52800000 | ((seed & 0xffff) << 5), true)
}
