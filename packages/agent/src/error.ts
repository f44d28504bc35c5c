import { CodedError, isCoded } from '@steadfleet/base'

export type AgentErrorCode =
  | 'agent/usage'
  | 'agent/held'
  | 'agent/no-agent'
  | 'agent/not-allowed'
  | 'agent/not-asked'
  | 'agent/not-joined'
  | 'agent/joined'
  | 'agent/token'
  | 'agent/unreachable'
  | 'agent/other-server'
  | 'agent/too-long'
  | 'agent/too-short'
  | 'agent/cut-short'
  | 'agent/digest'
  | 'agent/not-there'
  | 'agent/disk-full'
  | 'agent/no-inodes'
  | 'agent/over-limit'
  | 'agent/mirror'
  | 'agent/damaged-object'
  | 'agent/damaged-tree'
  | 'agent/settings'
  | 'agent/secret'
  | 'agent/record'
  | 'agent/hook'
  | 'agent/other-update'
  | 'agent/no-earlier'
  | 'agent/below-floor'
  | 'agent/migrated'
  | 'agent/failed-before'
  | 'agent/no-data'
  | 'agent/tool'
  | 'agent/not-launched'
  | 'agent/not-named'
  | 'agent/newer-state'
  | 'agent/rescued'
  | 'agent/other-device'
  | 'agent/offline-gap'
  | 'agent/not-running'
  | 'agent/fault'
  | 'agent/widened'

/** Raised by the device agent for what it expects to go wrong: the network, the disk, the order. */
export class AgentError extends CodedError<AgentErrorCode> {}

/** What was installed is not there any more as it was: there is a way to put that right. */
export function isDamage(error: unknown): boolean {
  return isCoded(error, 'agent/damaged-tree') || isCoded(error, 'agent/damaged-object')
}

/** A full disk in this package's words; every other error as it is. */
export function orDiskFull(error: unknown): unknown {
  const isFull = isSystemError(error, 'ENOSPC') || isSystemError(error, 'EDQUOT')
  if (!isFull) return error
  return new AgentError('agent/disk-full', 'cannot write: the disk is full', {}, { cause: error })
}

export function isSystemError(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** Any error as one with a code: what nobody foresaw is a fault of the agent itself, told as such. */
export function asCoded(error: unknown): CodedError {
  if (error instanceof CodedError) return error
  const known = orDiskFull(error)
  if (known instanceof CodedError) return known
  const message = `cannot go on: ${error instanceof Error ? error.message : String(error)}`
  return new AgentError('agent/fault', message, {}, { cause: error })
}

/** What was typed is nothing that this program knows. */
export function wrongUsage(fact: string, cause?: unknown): AgentError {
  return new AgentError('agent/usage', `cannot understand the command: ${fact}`, {}, { cause })
}
