import {
  type DeltaGround,
  type Parts,
  packStream,
  putTogether,
  takeApart,
} from './vectors-delta.ts'

/** Makes a vector of the delta that is right. */
type Change = (whole: Uint8Array, ground: DeltaGround) => Uint8Array

const nowhere = `sha256:${'0'.repeat(64)}`

/** By the name of its file; what each shows, and how it is refused, is in `vectors/delta/index.json`. */
export const changes: Readonly<Record<string, Change>> = {
  whole: whole => whole,
  resumed: whole => whole,
  'too-many-bytes': whole => whole,
  'no-delta': whole => withByte(whole, 0, 0x88),
  'version-3': whole => withByte(whole, 8, 3),
  'header-damaged': whole => withByte(withByte(whole, 12, 0xff), 13, 0xff),
  'cut-prefix': whole => whole.slice(0, 7),
  'cut-stream': whole => whole.slice(0, -10),
  'excess-bytes': whole => new Uint8Array([...whole, 0]),

  'unknown-member': saying(header => ({ ...header, later: 1 })),
  'header-critical': saying(header => ({ ...header, critical: ['later'], later: 1 })),
  'header-long': saying(header => ({ ...header, later: 'x'.repeat(16_384) })),
  'header-negative': saying(header => withStream(header, 0, { length: -1 })),
  'header-stream-unknown': saying(header => withStream(header, 0, { name: 'other' })),
  'header-stream-order': saying(header => ({
    ...header,
    streams: header.streams.toReversed(),
  })),
  'wrong-tree': saying(header => ({ ...header, tree: nowhere })),
  'wrong-base': saying(header => ({ ...header, from: nowhere })),
  'long-listing': (whole, { bytes }) =>
    putTogether(takeApart(whole), { say: header => ({ ...header, listing: bytes + 1 }) }),
  'announces-terabyte': saying(header => withStream(header, -1, { length: 2 ** 40 })),
  'short-stream': saying(header =>
    withStream(header, -1, { length: (header.streams.at(-1)?.length ?? 0) + 1 }),
  ),

  bomb: packing('literal', () => packStream(new Uint8Array(64 * 1024 * 1024), 24)),
  'wide-windows': whole =>
    putTogether(takeApart(whole), {
      pack: (name, bytes) =>
        ['gap', 'literal'].includes(name) ? packStream(bytes, 24) : undefined,
    }),
  'cut-inside': packing('literal', packed => packed.slice(0, -10)),
  'excess-in-stream': packing('literal', packed => new Uint8Array([...packed, 1, 2, 3])),
  'damaged-stream': packing('literal', packed => packed.map((byte, i) => (i < 2 ? byte : 0xff))),

  'stream-missing': whole => {
    const parts = takeApart(whole)
    parts.streams.delete('residual')
    return putTogether(parts)
  },
  'left-over': holding('seek', bytes => [...bytes, 0]),
  'way-unknown': holding('way', bytes => [5, ...bytes.slice(1)]),
  'place-outside': holding('way', bytes => [2, 0x90, 0x4e, ...bytes.slice(1)]),
  'code-of-text': holding('way', ways => ways.map((way, i) => (way === 2 && i > 0 ? 4 : way))),
  'copy-outside': holding('seek', bytes => [0x80, 0x10, ...bytes.slice(widthOf(bytes))]),
  'copy-before': holding('seek', bytes => [1, ...bytes.slice(widthOf(bytes))]),
  'piece-too-long': holding('insert', bytes => [0xff, 0xff, 3, ...bytes.slice(widthOf(bytes))]),
  'piece-empty': whole => {
    const parts = takeApart(whole)
    for (const name of ['copy', 'insert']) {
      const bytes = [...(parts.streams.get(name) ?? [])]
      parts.streams.set(name, new Uint8Array([0, ...bytes.slice(widthOf(bytes))]))
    }
    return putTogether(parts)
  },
  'gap-beyond': holding('gap', bytes => [...bytes.slice(0, -1), (bytes.at(-1) ?? 0) + 1]),
  'number-too-long': holding('copy', bytes => [...new Array(8).fill(0xff), 1, ...bytes]),
  'moves-too-many': holding('moves', bytes => [0x81, 0x80, 0x40, ...bytes.slice(widthOf(bytes))]),
  'wrong-result': holding('literal', bytes => [...bytes.slice(0, -1), (bytes.at(-1) ?? 0) ^ 1]),
  'wrong-listing': holding('literal', bytes => [(bytes[0] ?? 0) ^ 1, ...bytes.slice(1)]),
}

function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = value
  return copy
}

/** Says something else in the header, and has the same streams. */
function saying(say: (header: Parts['header']) => object): Change {
  return whole => putTogether(takeApart(whole), { say })
}

/** Packs one stream otherwise. */
function packing(stream: string, change: (packed: Uint8Array) => Uint8Array): Change {
  return whole =>
    putTogether(takeApart(whole), {
      pack: (name, bytes) => (name === stream ? change(packStream(bytes)) : undefined),
    })
}

/** Holds other bytes in one stream, and says how many. */
function holding(stream: string, change: (bytes: number[]) => number[]): Change {
  return whole => {
    const parts = takeApart(whole)
    parts.streams.set(stream, new Uint8Array(change([...(parts.streams.get(stream) ?? [])])))
    return putTogether(parts)
  }
}

function withStream(header: Parts['header'], at: number, change: object): object {
  const last = header.streams.length - 1
  const streams = header.streams.map((one, i) =>
    i === (at < 0 ? last : at) ? { ...one, ...change } : one,
  )
  return { ...header, streams }
}

/** How many bytes the first number takes. */
function widthOf(bytes: readonly number[]): number {
  return bytes.findIndex(byte => byte < 128) + 1
}
