import { TrustError } from '@steadfleet/trust'

/** The whole of a reply's body, which is refused where it goes on behind what it may be. */
export async function readLimited(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  what: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > limit) {
      const message = `cannot fetch ${what}: more than ${limit} bytes`
      throw new TrustError('trust/endless-data', message, { file: what, limit })
    }
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}
