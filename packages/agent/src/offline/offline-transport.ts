import { toUtf8 } from '@steadfleet/base'
import { type Client, makeClient, type Transport, type TransportReply } from '@steadfleet/protocol'
import { AgentError } from '../error.ts'
import type { OfflineFile } from './offline-file.ts'

/** No host has this name, and none is asked. RFC 2606 §2 */
const origin = 'http://offline.invalid'

/** A server that answers from a file: whatever it says is verified as what a real one says. */
export function offlineClient(file: OfflineFile): Client {
  return makeClient({ origin, transport: offlineTransport(file) })
}

function offlineTransport(file: OfflineFile): Transport {
  return async ({ url, headers }) => {
    const path = url.slice(origin.length)
    const tree = /^\/v1\/bundles\/sha256(?::|%3A)([0-9a-f]{64})$/.exec(path)?.[1]
    if (tree !== undefined) return bundleReply(file, tree, headers.range)
    const bytes = await file.document(decodeURIComponent(path))
    if (bytes) return { status: 200, headers: {}, body: once(bytes) }
    refuseGap(file, path)
    return unknown(path)
  }
}

function bundleReply(file: OfflineFile, tree: string, range: string | undefined): TransportReply {
  const offset = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
  const bundle = file.bundle(tree, offset)
  if (bundle === undefined) return unknown(tree)
  const { length, bytes } = bundle
  if (offset === 0) return { status: 200, headers: {}, body: bytes }
  const headers = { 'content-range': `bytes ${offset}-${length - 1}/${length}` }
  return { status: 206, headers, body: bytes }
}

/** A log goes on from what this device holds of it, or not at all. */
function refuseGap(file: OfflineFile, path: string): void {
  const [, leaf = '', held] =
    /^(\/v1\/log\/proofs\/[0-9a-f]{64})(?:\?held=(\d+))?$/.exec(path) ?? []
  const others = leaf === '' ? [] : file.named(leaf)
  if (others.length === 0) return
  const message = `cannot follow the log from ${held} by this file: export it again with --held ${held}`
  throw new AgentError('agent/offline-gap', message, { held: Number(held) })
}

function unknown(what: string): TransportReply {
  const type = what.startsWith('/v1/log/') ? 'log/unknown-leaf' : 'content/unknown'
  const problem = { type, title: `cannot find ${what} in the file`, status: 404 }
  const headers = { 'content-type': 'application/problem+json' }
  return { status: 404, headers, body: once(toUtf8(JSON.stringify(problem))) }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
