import { TrustError } from '@steadfleet/trust'
import type { TransportReply } from './client.ts'
import { ProblemError } from './problem.ts'

/** The bytes of a reply, or undefined where the server has no such thing. Errors: as of {@link capped}. */
export async function fetchIfThere(
  what: string,
  open: () => Promise<TransportReply>,
  limit: number,
): Promise<Uint8Array | undefined> {
  try {
    return await readCapped(what, (await open()).body, limit)
  } catch (error) {
    if (error instanceof ProblemError && error.status === 404) return undefined
    throw error
  }
}

/** All of a body. Errors: as of {@link capped}. */
export async function readCapped(
  what: string,
  body: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of capped(what, body, limit)) pieces.push(piece)
  return new Uint8Array(Buffer.concat(pieces))
}

/** A body as it comes. Errors: `trust/endless-data` once more than `limit` bytes have. */
export async function* capped(
  what: string,
  body: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<Uint8Array> {
  let length = 0
  for await (const piece of body) {
    length += piece.length
    if (length > limit) {
      const message = `cannot fetch ${what}: more than ${limit} bytes`
      throw new TrustError('trust/endless-data', message, { what, limit })
    }
    yield piece
  }
}
