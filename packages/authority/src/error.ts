import { CodedError } from '@steadfleet/base'

export type AuthorityErrorCode =
  | 'authority/key'
  | 'authority/passphrase'
  | 'authority/threshold'
  | 'authority/changed-release'
  | 'authority/path'
  | 'authority/revoked'
  | 'authority/draft'
  | 'authority/not-asked'
  | 'authority/publisher'
  | 'authority/bins'
  | 'authority/log'

/** Raised when what was asked for should not be signed. */
export class AuthorityError extends CodedError<AuthorityErrorCode> {}
