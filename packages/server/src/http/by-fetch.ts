import type { Transport } from '@steadfleet/protocol'

/** So long a server of another party may take until it begins to answer, and to finish. */
const patienceMs = 60_000

/** Carries requests to other servers. It follows no redirect: whom the owner named is who answers. */
export const byFetch: Transport = async ({ method, url, headers, body, signal }) => {
  const patience = AbortSignal.timeout(patienceMs)
  const reply = await fetch(url, {
    method,
    headers,
    body: body ? new Uint8Array(body) : null,
    redirect: 'error',
    signal: signal ? AbortSignal.any([signal, patience]) : patience,
  })
  return {
    status: reply.status,
    headers: Object.fromEntries(reply.headers),
    body: reply.body ?? new ReadableStream<Uint8Array>({ start: end => end.close() }),
  }
}
