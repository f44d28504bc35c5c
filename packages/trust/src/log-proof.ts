import { fromBase64 } from '@steadfleet/base'
import { orMalformed } from './envelope.ts'
import { TrustError } from './error.ts'
import { parseSize } from './log-checkpoint.ts'

/** Where a leaf stands in the log, and how that follows from a checkpoint. C2SP tlog-proof */
export interface LogProof {
  readonly index: number
  readonly hashes: readonly Uint8Array[]
  /** The checkpoint's note, with the cosignatures it gathered. */
  readonly checkpoint: string
  /** From the tree that the reader holds to the checkpoint's, or back: the `extra` line. */
  readonly consistency: readonly Uint8Array[]
}

const head = 'c2sp.org/tlog-proof@v1'

/** No path in a tree of 2⁶³ leaves is longer. */
const longestPath = 63

/** Reads a proof; nothing in it is verified yet. C2SP tlog-proof §"Format" */
export function parseLogProof(text: string): LogProof {
  const end = text.indexOf('\n\n')
  const [first, ...lines] = text.slice(0, Math.max(end, 0)).split('\n')
  if (end < 0 || first !== head) refuse('not its first line')
  const extra = lines[0]?.startsWith('extra ') ? lines.shift() : undefined
  const [index = '', ...hashes] = lines
  if (!index.startsWith('index ') || hashes.length > longestPath) refuse('no index, or too long')
  return {
    index: parseSize(index.slice('index '.length), 'proof'),
    hashes: hashes.map(parseHash),
    checkpoint: text.slice(end + 2),
    consistency: extra === undefined ? [] : splitHashes(extra.slice('extra '.length)),
  }
}

function parseHash(line: string): Uint8Array {
  const hash = orMalformed('proof', () => fromBase64(line))
  return hash.length === 32 ? hash : refuse('a hash is no SHA-256')
}

function splitHashes(base64: string): Uint8Array[] {
  const bytes = orMalformed('proof', () => fromBase64(base64))
  const count = bytes.length / 32
  if (!Number.isInteger(count) || count > longestPath + 1) refuse('its extra line holds no hashes')
  return Array.from({ length: count }, (_, i) => bytes.slice(i * 32, i * 32 + 32))
}

function refuse(fact: string): never {
  throw new TrustError('trust/malformed', `cannot read proof: ${fact}`, { what: 'proof' })
}
