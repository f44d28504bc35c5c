import { CodedError } from '@steadfleet/base'

/** Every way in which trust refuses. Each names the attack it would be. */
export type TrustErrorCode =
  | 'trust/malformed'
  | 'trust/threshold'
  | 'trust/rollback'
  | 'trust/fast-forward'
  | 'trust/expired'
  | 'trust/mix-and-match'
  | 'trust/mismatch'
  | 'trust/wrong-device'
  | 'trust/wrong-owner'
  | 'trust/replayed-order'
  | 'trust/below-floor'
  | 'trust/endless-data'
  | 'trust/slow-retrieval'
  | 'trust/not-delegated'
  | 'trust/not-ordered'
  | 'trust/not-logged'
  | 'trust/not-allowed'
  | 'trust/weak-key'
  | 'trust/first-root'
  | 'trust/torn-state'

/** Raised when metadata or a payload must not be trusted. Never caught inside this package. */
export class TrustError extends CodedError<TrustErrorCode> {}
