import { CodedError } from '@steadfleet/base'

/** Every way in which a release is not verified, beside the refusals of `trust` and of provenance. */
export type VerifyErrorCode =
  | 'verify/file'
  | 'verify/not-published'
  | 'verify/missing'
  | 'verify/digest'
  | 'verify/record'
  | 'verify/sbom'
  | 'verify/builders'
  | 'verify/lock'
  | 'verify/log'
  | 'verify/rebuild'

/** Raised where one link of the chain from a root to a release does not hold. */
export class VerifyError extends CodedError<VerifyErrorCode> {}

export function notPublished(path: string): VerifyError {
  const message = `cannot verify ${path}: no publisher’s role has it`
  return new VerifyError('verify/not-published', message, { path })
}
