import { type Client, makeClient, signRequest, type Transport } from '@steadfleet/protocol'

interface Signs {
  readonly keyid: string
  sign(bytes: Uint8Array): Promise<Uint8Array>
}

/** Carries requests by `fetch`. */
export const byFetch: Transport = async ({ method, url, headers, body, signal }) => {
  const reply = await fetch(url, {
    method,
    headers,
    body: body ? new Uint8Array(body) : null,
    signal: signal ?? null,
  })
  return {
    status: reply.status,
    headers: Object.fromEntries(reply.headers),
    body: reply.body ?? noBytes(),
  }
}

export function clientFor(origin: string, signer?: Signs): Client {
  return makeClient({
    origin,
    transport: byFetch,
    ...(signer && { signing: { signer, signRequest } }),
  })
}

async function* noBytes(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array()
}
