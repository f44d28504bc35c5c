import { type Digest, digestOf } from '@steadfleet/base'
import { type Fetcher, TrustError } from '@steadfleet/trust'

/**
 * Judges what was offered; a refusal then carries the digest of the document that it is of. What
 * exactly somebody tried is evidence, and the words of a refusal alone do not hold it.
 */
export async function judged<T>(
  offered: () => Digest | undefined,
  judge: () => Promise<T>,
): Promise<T> {
  try {
    return await judge()
  } catch (error) {
    const document = offered()
    if (!(error instanceof TrustError) || document === undefined) throw error
    if ('document' in error.details) throw error
    const { code, message, details } = error
    throw new TrustError(code, message, { ...details, document }, { cause: error })
  }
}

/** A fetcher that knows what it brought last: files are judged one by one, each before the next. */
interface Remembering extends Fetcher {
  last(): Digest | undefined
}

export function remembering(fetcher: Fetcher): Remembering {
  let last: Digest | undefined
  return {
    async fetch(file, limit) {
      const bytes = await fetcher.fetch(file, limit)
      if (bytes !== undefined) last = digestOf(bytes)
      return bytes
    },
    last: () => last,
  }
}
