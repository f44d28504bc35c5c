import { type Client, makeClient, signRequest, type Transport } from '@steadfleet/protocol'
import { CliError } from '../error.ts'
import { type Home, operatorKey } from './home.ts'

/** A client of the fleet's server whose requests are signed by the operator's key. */
export async function connect(home: Home, interrupted?: AbortSignal): Promise<Client> {
  const signer = await operatorKey(home)
  return makeClient({
    origin: home.server,
    transport: overFetch(interrupted),
    signing: { signer, signRequest },
  })
}

/** Carries requests by `fetch`; where no reply comes it says who could not be reached. */
export function overFetch(interrupted?: AbortSignal): Transport {
  return async ({ method, url, headers, body, signal }) => {
    const signals = [signal, interrupted].filter(one => one !== undefined)
    const reply = await reach(url, {
      method,
      headers: withoutLength(headers),
      ...(body && { body: new Uint8Array(body) }),
      redirect: 'error',
      ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
    })
    return {
      status: reply.status,
      headers: Object.fromEntries(reply.headers),
      body: reply.body ?? new ReadableStream<Uint8Array>({ start: end => end.close() }),
    }
  }
}

/** `fetch` counts the body itself and refuses to be told. */
function withoutLength(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'content-length'))
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (cause) {
    if (init.signal?.aborted) {
      throw new CliError('cli/interrupted', 'cannot finish: interrupted', {}, { cause })
    }
    const { origin } = new URL(url)
    const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : ''
    const message = `cannot reach the server at ${origin}${why ? `: ${why}` : ''}`
    throw new CliError('cli/unreachable', message, { origin }, { cause })
  }
}
