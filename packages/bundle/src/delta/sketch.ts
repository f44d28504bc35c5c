/** The smallest hashes of an object's content: what two objects share of them, they share of all. */
export type Sketch = ReadonlySet<number>

const gram = 32
const kept = 64
const factor = 0x2c9277b5
/** `factor` to the power of `gram`, modulo 2³²: what a byte is worth when it leaves the window. */
const leaving = power(factor, gram)

/** A sketch of 64 hashes; texts of less than 32 bytes have an empty one. */
export function sketchOf(bytes: Uint8Array): Sketch {
  const found = new Set<number>()
  let most = 0xffffffff
  let hash = 0
  for (let i = 0; i < bytes.length; i++) {
    hash = (Math.imul(hash, factor) + (bytes[i] ?? 0) + 1) | 0
    if (i >= gram) hash = (hash - Math.imul(leaving, (bytes[i - gram] ?? 0) + 1)) | 0
    const mixed = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) >>> 0
    if (i + 1 < gram || mixed >= most) continue
    found.add(mixed)
    if (found.size >= 4 * kept) most = trim(found)
  }
  trim(found)
  return found
}

/** From 0 for strangers to 64 for twins. */
export function likeness(one: Sketch, other: Sketch): number {
  let shared = 0
  for (const hash of one) if (other.has(hash)) shared++
  return shared
}

/** Drops all but the smallest, and tells the greatest of these. */
function trim(found: Set<number>): number {
  const smallest = [...found].sort((a, b) => a - b)
  for (const hash of smallest.slice(kept)) found.delete(hash)
  return smallest[kept - 1] ?? 0xffffffff
}

function power(base: number, exponent: number): number {
  let product = 1
  for (let i = 0; i < exponent; i++) product = Math.imul(product, base)
  return product
}
