import { isCoded } from '@steadfleet/base'

const codes: readonly string[] = [
  'agent/unreachable',
  // Somebody between may be gone tomorrow.
  'agent/other-server',
  'agent/cut-short',
  'trust/slow-retrieval',
  'request/too-many',
  'request/stale-nonce',
  'reply/malformed',
]

/** True for what may go away by itself: the network, a server that is down, restarting or busy. */
export function isTransient(error: unknown): boolean {
  if (!isCoded(error)) return false
  const status = 'status' in error && typeof error.status === 'number' ? error.status : 0
  return codes.includes(error.code) || status >= 500
}
