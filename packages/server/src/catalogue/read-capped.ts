import { TrustError } from '@steadfleet/trust'

/** The bytes of a body, refused once they are more than what was promised. */
export async function readCapped(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  what: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > limit) {
      const message = `cannot take ${what}: over ${limit} bytes`
      throw new TrustError('trust/endless-data', message, { what, limit })
    }
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}
