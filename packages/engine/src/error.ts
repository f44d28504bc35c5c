import { CodedError } from '@steadfleet/base'

export type EngineErrorCode =
  | 'engine/transition'
  | 'engine/no-verdict'
  | 'engine/record'
  | 'engine/seal'
  | 'engine/superseded'
  | 'engine/recalled'
  | 'engine/probation'

/** Raised when the journal, a generation record or a change is not what the engine allows. */
export class EngineError extends CodedError<EngineErrorCode> {}
