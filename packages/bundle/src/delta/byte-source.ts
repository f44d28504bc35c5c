/** Bytes that can be read at any position: an open file, or an object of a store. */
export interface ByteSource {
  readonly length: number
  /**
   * Exactly `length` bytes from `position` on, which lie inside. They may be put into the beginning of
   * `into`, which is at least as long and which nobody reads any more.
   */
  read(position: number, length: number, into?: Uint8Array): Promise<Uint8Array>
}

/** A source of bytes that are in memory. */
export function toByteSource(bytes: Uint8Array): ByteSource {
  return {
    length: bytes.length,
    read: async (position, length) => new Uint8Array(bytes.subarray(position, position + length)),
  }
}
