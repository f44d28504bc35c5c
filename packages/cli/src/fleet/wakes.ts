import { setTimeout as wait } from 'node:timers/promises'
import { type Client, serverEvents } from '@steadfleet/protocol'

/** A lost event costs this long, never the answer. */
const secondWayMs = 2000

/** Yields at once, and again whenever the server says that something changed, while it says so. */
export async function* wakesOf(client: Client): AsyncIterable<void> {
  const ended = new AbortController()
  // The stream is opened before the first look, so that no change falls between the two.
  const stream = client.follow(serverEvents, { signal: ended.signal })[Symbol.asyncIterator]()
  try {
    for (let next = quietly(stream.next()); ; ) {
      yield
      const heard = await Promise.race([next, wait(secondWayMs, undefined, { ref: false })])
      if (heard?.done) return
      if (heard) next = quietly(stream.next())
    }
  } finally {
    ended.abort()
  }
}

/** Whoever waits hears of a failure; when nobody does any more, it is no fault of the program. */
function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}
