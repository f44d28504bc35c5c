import { CodedError, type Details } from '@steadfleet/base'

/** Every way in which provenance and locks are refused. */
export type EvidenceErrorCode =
  | 'provenance/malformed'
  | 'provenance/unsigned'
  | 'provenance/builder'
  | 'provenance/mismatch'
  | 'lock/malformed'

/** Raised when what a release proves about itself does not hold. */
export class EvidenceError extends CodedError<EvidenceErrorCode> {}

/** Runs a reader and tells its refusal as one of this package's, with the cause. */
export function orRefused<T>(
  code: EvidenceErrorCode | ((cause: CodedError) => EvidenceErrorCode),
  what: string,
  read: () => T,
): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause
    const facts: Details = { reason: cause.code }
    const own = typeof code === 'string' ? code : code(cause)
    throw new EvidenceError(own, `cannot trust ${what}: ${cause.message}`, facts, { cause })
  }
}
