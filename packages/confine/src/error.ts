import { CodedError } from '@steadfleet/base'

export type ConfineErrorCode =
  | 'confine/unknown-interface'
  | 'confine/request'
  | 'confine/plan'
  | 'confine/mud'
  | 'confine/host'
  | 'confine/ports'
  | 'confine/dns'
  | 'confine/signature'
  | 'confine/capture'
  | 'confine/signer-expired'

/** Raised when a sandbox would not be what was asked for. */
export class ConfineError extends CodedError<ConfineErrorCode> {}
