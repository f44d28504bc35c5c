import type { FastifyRequest } from 'fastify'
import { ServerError } from '../error.ts'

const name = 'steadfleet'

/** The session token in a request's cookies. */
export function sessionIn(request: FastifyRequest): string | undefined {
  return cookieIn(request, name)
}

/** The cookie of this name in a request. */
export function cookieIn({ headers }: FastifyRequest, of: string): string | undefined {
  const cookies = headers.cookie?.split('; ') ?? []
  return cookies.find(cookie => cookie.startsWith(`${of}=`))?.slice(of.length + 1)
}

/** Begins a session in a browser: no script reads the cookie, no other site sends it. */
export function sessionCookie(token: string, origin: string, seconds: number): string {
  const secure = origin.startsWith('https:') ? '; Secure' : ''
  return `${name}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure}`
}

export const endedCookie = `${name}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`

/** A page of another origin must not sign its visitor in as somebody else either. */
export function refuseForeignPage({ headers }: FastifyRequest, origins: readonly string[]): void {
  if (headers.origin === undefined || origins.includes(headers.origin)) return
  const message = `cannot sign in from a page of ${headers.origin}`
  throw new ServerError('request/other-origin', message)
}

/** A browser says which page wrote; a page of another origin must not, and nor may a silent one. */
export function refuseOtherOrigin(request: FastifyRequest, origins: readonly string[]): void {
  if (request.method === 'GET' || request.method === 'HEAD') return
  const { origin } = request.headers
  if (origin !== undefined && origins.includes(origin)) return
  const message = `cannot accept a write from ${origin ?? 'a page that does not say its origin'}`
  throw new ServerError('request/other-origin', message)
}
