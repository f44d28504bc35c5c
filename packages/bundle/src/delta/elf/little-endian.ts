/** Reads without bounds of its own: the caller has looked that the bytes are there. */
export function uint16At(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
}

export function int32At(bytes: Uint8Array, at: number): number {
  return uint16At(bytes, at) | (uint16At(bytes, at + 2) << 16)
}

export function uint32At(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at) >>> 0
}

/** Infinity for what no file has as an offset or an address. */
export function uint64At(bytes: Uint8Array, at: number): number {
  const high = uint32At(bytes, at + 4)
  return high < 2 ** 20 ? high * 2 ** 32 + uint32At(bytes, at) : Number.POSITIVE_INFINITY
}

export function putInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >> 8
  bytes[at + 2] = value >> 16
  bytes[at + 3] = value >> 24
}
