import { ConfineError } from '../error.ts'

/** A name out of a message, and where what follows it begins. RFC 1035 §4.1.4 */
export interface ReadName {
  /** In small letters, without its last dot; bytes that no host name has are written as `\DDD`. */
  readonly name: string
  readonly next: number
}

const most = { bytes: 255, pointers: 32 }

/** Reads a name; a pointer may only point backwards, so that none goes in circles. */
export function readName(bytes: Uint8Array, start: number): ReadName {
  const { labels, next } = readLabels(bytes, start, most)
  return { name: labels.map(labelText).join('.'), next }
}

interface Labels {
  readonly labels: readonly Uint8Array[]
  readonly next: number
}

function readLabels(bytes: Uint8Array, start: number, left: typeof most): Labels {
  const labels: Uint8Array[] = []
  let at = start
  let room = left.bytes
  for (let size = sizeAt(bytes, at); size !== 0; size = sizeAt(bytes, at)) {
    if (size >= 0xc0) {
      const far = { bytes: room, pointers: left.pointers - 1 }
      const more = readLabels(bytes, targetOf(bytes, at, start, far.pointers), far)
      return { labels: [...labels, ...more.labels], next: at + 2 }
    }
    labels.push(bytes.subarray(at + 1, at + 1 + size))
    at += 1 + size
    room -= 1 + size
    if (room < 1) throw malformed('a name has more than 255 bytes')
  }
  return { labels, next: at + 1 }
}

/** The length of a label, or the first byte of a pointer. */
function sizeAt(bytes: Uint8Array, at: number): number {
  const size = bytes[at]
  if (size === undefined) throw malformed('a name ends early')
  if (size > 63 && size < 0xc0) throw malformed('a label has more than 63 bytes')
  if (size < 0xc0 && at + size >= bytes.length) throw malformed('a name ends early')
  return size
}

function targetOf(bytes: Uint8Array, at: number, start: number, left: number): number {
  const target = (((bytes[at] ?? 0) & 0x3f) << 8) | (bytes[at + 1] ?? 0xff)
  if (target >= start || left < 0) throw malformed('a name points forward or in a circle')
  return target
}

function labelText(label: Uint8Array): string {
  return Array.from(label, byte => {
    const text = String.fromCharCode(byte).toLowerCase()
    return /[a-z0-9_-]/.test(text) ? text : `\\${String(byte).padStart(3, '0')}`
  }).join('')
}

function malformed(why: string): ConfineError {
  return new ConfineError('confine/dns', `cannot read DNS message: ${why}`)
}
