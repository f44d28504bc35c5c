import type { Discovery } from '@steadfleet/confine'

/** Longer messages are none. RFC 6762 §17 */
export const longestMessage = 9000

/** How a protocol asks, and how it answers: nothing else crosses the link of a package, in either direction. */
export interface Speech {
  isQuestion(bytes: Uint8Array): boolean
  isAnswer(bytes: Uint8Array): boolean
  /** Answers to one asker come from the group's own port, and from no other. RFC 6762 §6 */
  readonly answersFromGroupPort: boolean
  /** How far what is asked may go. RFC 6762 §11; UPnP Device Architecture 2.0 §1.2.2 */
  readonly hops: number
}

const headerBytes = 12

export const speeches = {
  mdns: {
    // A query that claims names for itself (§8.2) announces, and does not look for anything.
    isQuestion: bytes => isDns(bytes) && !isResponse(bytes) && countAt(bytes, 8) === 0,
    isAnswer: bytes => isDns(bytes) && isResponse(bytes),
    answersFromGroupPort: true,
    hops: 255,
  },
  ssdp: {
    isQuestion: bytes => startsWith(bytes, 'M-SEARCH * HTTP/1.1\r\n'),
    isAnswer: bytes =>
      startsWith(bytes, 'NOTIFY * HTTP/1.1\r\n') || startsWith(bytes, 'HTTP/1.1 200 OK\r\n'),
    answersFromGroupPort: false,
    hops: 2,
  },
} as const satisfies Readonly<Record<Discovery, Speech>>

/** A plain query or response: opcode 0. RFC 6762 §18.3 */
function isDns(bytes: Uint8Array): boolean {
  return bytes.length >= headerBytes && ((bytes[2] ?? 0) & 0x78) === 0
}

function isResponse(bytes: Uint8Array): boolean {
  return ((bytes[2] ?? 0) & 0x80) !== 0
}

function countAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return new TextDecoder('latin1').decode(bytes.subarray(0, text.length)) === text
}
