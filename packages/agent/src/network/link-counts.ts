import { closeSync, openSync, readSync } from 'node:fs'

const [colon, space, zero] = [...Buffer.from(': 0')] as [number, number, number]

/** What has come in by each link of the device, read again and again for as little as it takes. proc(5) */
export class LinkCounts implements Disposable {
  #file: number | undefined
  #bytes = Buffer.alloc(4096)
  #length = 0

  /** Looks now; {@link packetsOf} tells of this look. */
  read(): void {
    this.#file ??= openSync('/proc/self/net/dev', 'r')
    this.#length = 0
    for (let read = -1; read !== 0; this.#length += read) {
      if (this.#length === this.#bytes.length) {
        this.#bytes = Buffer.concat([this.#bytes], 2 * this.#length)
      }
      const free = this.#bytes.length - this.#length
      read = readSync(this.#file, this.#bytes, this.#length, free, this.#length)
    }
  }

  /** Packets that came in by this link so far; undefined where there is none. */
  packetsOf(link: string): number | undefined {
    const text = this.#bytes.subarray(0, this.#length)
    const at = text.indexOf(`${link}:`)
    // A name that ends like this one is another link's.
    if (at < 0 || (at > 0 && (text[at - 1] ?? space) > space)) return undefined
    const bytes = numberAt(text, at + link.length)
    return numberAt(text, bytes.end).value
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }
}

/** The number that stands behind a colon or spaces from here on. */
function numberAt(
  text: Uint8Array,
  from: number,
): { readonly value: number; readonly end: number } {
  let end = from
  while (text[end] === space || text[end] === colon) end += 1
  let value = 0
  for (; isDigit(text[end]); end += 1) value = value * 10 + (text[end] ?? zero) - zero
  return { value, end }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= zero + 9
}
