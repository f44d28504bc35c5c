/** Plain facts about a refusal. Never a secret: details cross the wire and reach logs. */
export type Details = Readonly<Record<string, string | number | boolean | null | readonly string[]>>

/**
 * The one shape of an expected error. `code` is a member of its package's closed union
 * (`'trust/rollback'`); the message begins with "cannot" and names the thing and the fact.
 */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code
  readonly details: Details

  constructor(code: Code, message: string, details: Details = {}, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
    this.details = details
  }
}

/** True for any coded error, and for one with `code` when a code is given. */
export function isCoded(error: unknown, code?: string): error is CodedError {
  return error instanceof CodedError && (code === undefined || error.code === code)
}
