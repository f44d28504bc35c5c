import { CodedError, type Details } from '@steadfleet/base'
import type { ProblemCode } from '@steadfleet/protocol'

/** Codes of what stops the process itself; none of them ever crosses the wire. */
export type ProcessErrorCode =
  | 'server/locked'
  | 'server/not-initialised'
  | 'server/newer-data'
  | 'server/usage'
  | 'server/configuration'
  | 'server/certificate'
  | 'server/untold-key'
  | 'server/plain-http'
  | 'server/closed'
  | 'server/other-log'
  | 'server/not-empty'
  | 'server/not-moved'
  | 'server/moved'
  | 'server/damaged-copy'
/** Codes of what the log waits for: they are told as its trouble, and answer no request. */
export type LogErrorCode =
  | 'log/waiting'
  | 'log/behind'
  | 'log/witness'
  | 'log/second-store'
  | 'log/other-policy'
export type ServerErrorCode = ProblemCode | ProcessErrorCode | LogErrorCode

/** Raised when the server refuses. All but the process's own codes are in protocol's status table. */
export class ServerError extends CodedError<ServerErrorCode> {}

/** The refusal of a thing that is not there. */
export function unknown(code: ProblemCode, what: string, details: Details = {}): ServerError {
  return new ServerError(code, `cannot find ${what}`, details)
}
