import { ConfineError } from '../error.ts'

/** A name out of a message, and where what follows it begins. RFC 1035 §4.1.4 */
export interface ReadName {
  /** In small letters, without its last dot; bytes that no host name has are written as `\DDD`. */
  readonly name: string
  readonly next: number
}

/** Reads a name; a pointer may only point backwards, so that none goes in circles. */
export function readName(bytes: Uint8Array, start: number): ReadName {
  const labels: string[] = []
  let at = start
  let next: number | undefined
  let lowest = start
  let length = 0
  for (;;) {
    const size = bytes[at]
    if (size === undefined) throw malformed('a name ends early')
    if (size >= 0xc0) {
      const target = ((size & 0x3f) << 8) | (bytes[at + 1] ?? 0)
      if (target >= lowest) throw malformed('a name points forward or in a circle')
      next ??= at + 2
      lowest = target
      at = target
      continue
    }
    if (size > 63) throw malformed('a label has more than 63 bytes')
    if (size === 0) return { name: labels.join('.'), next: next ?? at + 1 }
    length += size + 1
    if (length > 255) throw malformed('a name has more than 255 bytes')
    const label = bytes.subarray(at + 1, at + 1 + size)
    if (label.length < size) throw malformed('a name ends early')
    labels.push(labelText(label))
    at += 1 + size
  }
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
