import { request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import type { Place } from './reachable.ts'

/** How long one try may take, from the first byte to the last. */
const mostMs = 15_000
/** Of an answer no more is read than this, and nothing kept. */
const mostRead = 64 * 1024

export interface Post {
  readonly url: URL
  /** Where the name was found to lead: it is not looked up again, so it leads nowhere else meanwhile. */
  readonly place: Place
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Sends one request and resolves with the status of the answer. Redirects are answers like any other. */
export function post({ url, place, headers, body }: Post, stop: AbortSignal): Promise<number> {
  const send = url.protocol === 'https:' ? requestSecure : requestPlain
  return new Promise((resolve, reject) => {
    const request = send(
      url,
      {
        method: 'POST',
        agent: false,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        lookup: (_host, options, found) => {
          if (options.all) found(null, [place])
          else found(null, place.address, place.family)
        },
        signal: AbortSignal.any([stop, AbortSignal.timeout(mostMs)]),
      },
      answer => {
        let read = 0
        answer.on('data', (chunk: Buffer) => {
          read += chunk.length
          if (read > mostRead) answer.destroy()
        })
        // However the rest of it ends, it has answered.
        answer.on('close', () => resolve(answer.statusCode ?? 0))
        answer.on('error', () => resolve(answer.statusCode ?? 0))
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}
