import { CodedError } from '@steadfleet/base'

export type AppsErrorCode =
  | 'apps/no-sandbox'
  | 'apps/lacking'
  | 'apps/no-uid'
  | 'apps/cannot-stop'
  | 'apps/over-budget'

/** Raised when an app cannot be run as it must be, or not be ended. */
export class AppsError extends CodedError<AppsErrorCode> {}

/** What was thrown, in a line for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
