import { ConfineError } from '../error.ts'

/** What no capture that a person learns from exceeds. */
const most = { bytes: 512 * 1024 * 1024, packets: 5_000_000, packetBytes: 256 * 1024 }

/**
 * The frames of a capture of an Ethernet, in its order: pcap of either byte order, and pcapng. Error:
 * `confine/capture`. A capture that ends in the middle of a packet gives those before it.
 */
export function* framesIn(bytes: Uint8Array): Generator<Uint8Array> {
  if (bytes.length > most.bytes) throw odd(`it has ${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length < 24) throw odd('it ends before it begins')
  const magic = view.getUint32(0, true)
  const frames = magic === blocks.section ? framesOfPcapng(view, bytes) : framesOfPcap(view, bytes)
  let count = 0
  for (const frame of frames) {
    count += 1
    if (count > most.packets) throw odd(`it has more than ${most.packets} packets`)
    yield frame
  }
}

/** Byte orders of pcap, by its first four bytes read as little-endian: microseconds, nanoseconds. */
const orders: Readonly<Record<number, boolean>> = {
  2712847316: true,
  2712812621: true,
  3569595041: false,
  1295823521: false,
}
const ethernet = 1

function* framesOfPcap(view: DataView, bytes: Uint8Array): Generator<Uint8Array> {
  const isLittle = orders[view.getUint32(0, true)]
  if (isLittle === undefined) throw odd('it is neither pcap nor pcapng')
  refuseOtherLink(view.getUint32(20, isLittle) & 0xffff)
  let at = 24
  while (at + 16 <= bytes.length) {
    const length = view.getUint32(at + 8, isLittle)
    refuseLong(length)
    if (at + 16 + length > bytes.length) return
    yield bytes.subarray(at + 16, at + 16 + length)
    at += 16 + length
  }
}

/** Blocks of pcapng that matter here; others are passed over. draft-ietf-opsawg-pcapng §4 */
const blocks = { section: 0x0a0d0d0a, card: 1, simple: 3, packet: 6 } as const

function* framesOfPcapng(view: DataView, bytes: Uint8Array): Generator<Uint8Array> {
  let section: Section = { view, bytes, isLittle: true, links: [] }
  for (let at = 0; at + 12 <= bytes.length; ) {
    if (view.getUint32(at, true) === blocks.section) section = sectionAt(view, bytes, at)
    const length = blockLength(section, at)
    if (at + length > bytes.length) return
    const frame = readBlock(section, at, length)
    if (frame) yield frame
    at += length
  }
}

function sectionAt(view: DataView, bytes: Uint8Array, at: number): Section {
  return { view, bytes, isLittle: orderAt(view, at), links: [] }
}

function blockLength({ view, isLittle }: Section, at: number): number {
  const length = view.getUint32(at + 4, isLittle)
  if (length < 12 || length % 4 !== 0) throw odd(`a block has ${length} bytes`)
  return length
}

/** The frame of a block, if it is one of a packet; of a card, its link type is remembered. */
function readBlock(section: Section, at: number, length: number): Uint8Array | undefined {
  const { view, isLittle, links } = section
  const kind = view.getUint32(at, isLittle)
  if (kind === blocks.card && length >= 20) links.push(view.getUint16(at + 8, isLittle))
  return frameOf(section, kind, at, length)
}

function orderAt(view: DataView, at: number): boolean {
  const mark = view.getUint32(at + 8, true)
  if (mark === 0x1a2b3c4d) return true
  if (mark === 0x4d3c2b1a) return false
  throw odd('a section has no byte order')
}

interface Section {
  readonly view: DataView
  readonly bytes: Uint8Array
  readonly isLittle: boolean
  /** The link type of each card that was described so far. */
  readonly links: number[]
}

function frameOf(
  { view, bytes, isLittle, links }: Section,
  kind: number,
  at: number,
  length: number,
): Uint8Array | undefined {
  const isWhole = kind === blocks.packet
  if (!isWhole && kind !== blocks.simple) return undefined
  const head = isWhole ? 28 : 12
  if (length < head + 4) throw odd(`a packet’s block has ${length} bytes`)
  const card = isWhole ? view.getUint32(at + 8, isLittle) : 0
  const link = links[card]
  if (link === undefined) throw odd(`a packet came by card ${card}, which is not described`)
  refuseOtherLink(link)
  const said = view.getUint32(at + (isWhole ? 20 : 8), isLittle)
  refuseLong(said)
  const room = length - head - 4
  if (isWhole && said > room) throw odd('a packet is longer than its block')
  return bytes.subarray(at + head, at + head + Math.min(said, room))
}

function refuseOtherLink(link: number): void {
  if (link !== ethernet) throw odd(`it is of link type ${link}, and no Ethernet (1)`)
}

function refuseLong(length: number): void {
  if (length > most.packetBytes) throw odd(`a packet has ${length} bytes`)
}

function odd(why: string): ConfineError {
  return new ConfineError('confine/capture', `cannot read capture: ${why}`)
}
