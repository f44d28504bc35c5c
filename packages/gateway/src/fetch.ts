import { request } from 'node:https'
import { GatewayError } from './error.ts'

/** How a file is fetched: nothing a server does takes longer, or brings more. */
export interface FetchBounds {
  readonly bytes: number
  readonly milliseconds: number
  readonly redirects: number
}

export const usualBounds: FetchBounds = {
  bytes: 4 * 1024 * 1024,
  milliseconds: 15_000,
  redirects: 3,
}

/** Fetches over https alone; `authorities` are certificates that count instead of the system’s. Error: `gateway/file` */
export async function fetchFile(
  url: string,
  accept: string,
  authorities: string | undefined,
  bounds: FetchBounds = usualBounds,
): Promise<Uint8Array> {
  const signal = AbortSignal.timeout(bounds.milliseconds)
  let next = httpsUrl(url, url)
  for (let hop = 0; hop <= bounds.redirects; hop += 1) {
    const answer = await ask(next, { accept, authorities, bounds, signal }).catch(cause => {
      throw cause instanceof GatewayError ? cause : failed(url, whyOf(cause, signal, bounds), cause)
    })
    if (answer instanceof Uint8Array) return answer
    next = httpsUrl(answer.location, next.href)
  }
  throw failed(url, `it is redirected more than ${bounds.redirects} times`)
}

interface Asking {
  readonly accept: string
  readonly authorities: string | undefined
  readonly bounds: FetchBounds
  readonly signal: AbortSignal
}

function ask(url: URL, asking: Asking): Promise<Uint8Array | { readonly location: string }> {
  const { accept, authorities, signal } = asking
  return new Promise((resolve, reject) => {
    const options = { signal, headers: { accept }, ...(authorities && { ca: authorities }) }
    const sent = request(url, options, reply => {
      const { statusCode = 0, headers } = reply
      if (statusCode >= 300 && statusCode < 400 && headers.location) {
        reply.destroy()
        resolve({ location: headers.location })
      } else if (statusCode === 200) collect(url, reply, asking.bounds.bytes).then(resolve, reject)
      else {
        reply.destroy()
        reject(failed(url.href, `the server answered ${statusCode}`))
      }
    })
    sent.on('error', reject).end()
  })
}

async function collect(url: URL, reply: AsyncIterable<Uint8Array>, most: number) {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of reply) {
    length += part.length
    if (length > most) throw failed(url.href, `it is longer than ${most} bytes`)
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}

function httpsUrl(text: string, base: string): URL {
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return url
  throw failed(base, 'it is, or leads to, no https URL')
}

function whyOf(cause: unknown, signal: AbortSignal, { milliseconds }: FetchBounds): string {
  if (signal.aborted) return `it took longer than ${milliseconds / 1000} s`
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
}

function failed(url: string, why: string, cause?: unknown): GatewayError {
  return new GatewayError('gateway/file', `cannot fetch ${shown(url)}: ${why}`, {}, { cause })
}

/** Without what may be secret in it. */
function shown(text: string): string {
  if (!URL.canParse(text)) return 'the file'
  const { protocol, host, pathname } = new URL(text)
  return `${protocol}//${host}${pathname}`.slice(0, 200)
}
