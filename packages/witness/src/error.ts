import { CodedError } from '@steadfleet/base'

/** Every way in which a witness refuses. */
export type WitnessErrorCode =
  | 'witness/malformed'
  | 'witness/not-signed'
  | 'witness/unknown-log'
  | 'witness/conflict'
  | 'witness/not-consistent'
  | 'witness/state'
  | 'witness/held'
  | 'witness/usage'

/** Raised when a checkpoint must not be cosigned, or a witness can't be one. */
export class WitnessError extends CodedError<WitnessErrorCode> {}
