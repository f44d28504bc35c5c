import { ProblemError } from '@steadfleet/protocol'

/** A refusal that has no reply behind it; status 0. */
export function localProblem(type: string, title: string): ProblemError {
  return new ProblemError({ type, title, status: 0 })
}

/** Any thrown value as a problem, so that a page has one thing to show. */
export function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error
  const said = error instanceof Error ? error.message : String(error)
  return localProblem('dashboard/broken', `cannot show this: ${said}`)
}

/** True where asking again may help: the server was away or at fault, rather than of another mind. */
export function mayPass(error: unknown): boolean {
  return !(error instanceof ProblemError) || error.status === 0 || error.status >= 500
}

/** True where signing in would help. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ProblemError && error.status === 401
}
