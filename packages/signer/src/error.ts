import { CodedError } from '@steadfleet/base'

/** Every way in which the signer refuses. */
export type SignerErrorCode =
  | 'signer/malformed'
  | 'signer/unknown-role'
  | 'signer/foreign-type'
  | 'signer/not-rising'
  | 'signer/fork'
  | 'signer/expiry'
  | 'signer/key'
  | 'signer/roots'
  | 'signer/not-named'
  | 'signer/floors'
  | 'signer/busy'

/** Raised when something is asked for that the signer must not sign, or can't. */
export class SignerError extends CodedError<SignerErrorCode> {}
