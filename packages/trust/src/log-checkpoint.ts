import { fromBase64 } from '@steadfleet/base'
import { orMalformed } from './envelope.ts'
import { TrustError } from './error.ts'
import type { TreeHead } from './log-merkle.ts'

/** What a log says of itself at one moment: which log, its tree, and lines no one here reads. */
export interface Checkpoint extends TreeHead {
  readonly origin: string
  readonly extensions: readonly string[]
}

/** Reads the text of a checkpoint's note. C2SP tlog-checkpoint §"Note text" */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', root = '', ...extensions] = text.slice(0, -1).split('\n')
  if (!text.endsWith('\n') || [origin, ...extensions].includes('')) refuse('an empty line')
  const bytes = orMalformed('checkpoint', () => fromBase64(root))
  if (bytes.length !== 32) refuse('its root is no SHA-256')
  return { origin, size: parseSize(size, 'checkpoint'), root: bytes, extensions }
}

/** Reads a decimal without leading zeroes; no tree here is larger than 2⁵³ − 1. */
export function parseSize(text: string, what: string): number {
  const size = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(size)) return size
  throw new TrustError('trust/malformed', `cannot read ${what}: no size or index`, { what })
}

function refuse(fact: string): never {
  throw new TrustError('trust/malformed', `cannot read checkpoint: ${fact}`, {
    what: 'checkpoint',
  })
}
