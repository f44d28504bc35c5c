import { CodedError, type Details } from '@steadfleet/base'

/**
 * Every error code that may cross the wire and the status it wears. A code that is not listed is a
 * bug: the stranger hears `internal` and nothing else.
 */
export const problemStatus = {
  'schema/mismatch': 400,
  'json/syntax': 400,
  'json/duplicate-key': 400,
  'json/number': 400,
  'json/depth': 400,
  'json/size': 413,
  'bytes/encoding': 400,
  'bytes/digest': 400,

  'request/unsigned': 401,
  'request/malformed': 401,
  'request/bad-signature': 401,
  'request/stale-nonce': 401,
  'request/replayed': 401,
  'request/unknown-key': 401,
  'request/session-over': 401,
  'request/weak-share': 422,
  'request/not-signed-in': 401,
  'request/not-permitted': 403,
  'request/other-origin': 403,
  'request/unknown-route': 404,
  'request/too-large': 413,
  'request/too-many': 429,
  'request/unsupported': 415,

  'sign-in/refused': 403,
  'sign-on/none': 404,
  'sign-on/unknown': 404,
  'sign-on/exists': 409,
  'sign-on/not-admitted': 403,
  'sign-on/unreachable': 502,
  'person/exists': 409,
  'person/unknown': 404,
  'session/unknown': 404,
  'machine/exists': 409,
  'machine/unknown': 404,
  'passkey/unknown': 404,
  'passkey/refused': 422,
  'passkey/no-name': 409,
  'enrolment/refused': 403,
  'enrolment/wrong-key': 403,

  'fleet/unknown': 404,
  'fleet/exists': 409,
  'fleet/other-owner': 409,
  'fleet/not-followed': 404,
  'fleet/required-package': 409,
  'fleet/unknown-model': 404,
  'fleet/other-model': 409,
  'fleet/unknown-zone': 400,
  'group/unknown': 404,
  'group/circle': 409,
  'group/in-use': 409,
  'query/syntax': 400,
  'query/unknown-name': 400,
  'query/unsupported': 400,
  'query/too-large': 400,
  'device/unknown': 404,
  'setting/unknown-change': 404,
  'device/decommissioned': 403,
  'device/set-changed': 409,
  'device/wrong-report': 409,
  'device/no-sealing-key': 404,
  'event/unknown': 404,
  'failure/unknown': 404,
  'failure/wrong-state': 409,
  'endpoint/unknown': 404,
  'alert/unknown': 404,
  'mail/not-configured': 409,
  'delivery/unknown': 404,
  'webhook/malformed-url': 400,
  'webhook/refused-address': 403,
  'rollout/unknown': 404,
  'rollout/wrong-state': 409,
  'rollout/not-a-second-person': 403,

  'release/not-allowed': 403,
  'catalogue/unknown': 404,
  'catalogue/exists': 409,
  'catalogue/mirrored': 409,
  'catalogue/unreachable': 502,

  'release/unknown': 404,
  'release/exists': 409,
  'release/outside-name-space': 403,
  'release/missing-object': 409,
  'release/mismatch': 422,
  'release/below-floor': 409,
  'release/not-logged': 409,
  'release/withdrawn': 409,
  'release/unpublished': 409,
  'release/not-reviewed': 409,

  'log/none': 404,
  'log/unknown-leaf': 404,

  'provenance/malformed': 422,
  'provenance/unsigned': 422,
  'provenance/builder': 403,
  'provenance/mismatch': 422,

  'content/unknown': 404,
  'content/wrong-digest': 422,
  'content/wrong-offset': 409,
  'content/too-large': 413,
  'content/store-unreachable': 503,
  'content/store-denied': 503,
  'content/store-damaged': 502,
  'bundle/not-a-bundle': 422,
  'bundle/version': 422,
  'bundle/header': 422,
  'bundle/too-large': 413,
  'bundle/corrupt': 422,
  'bundle/cut': 422,
  'bundle/excess': 422,
  'bundle/digest': 422,
  'tree/malformed': 422,
  'tree/not-canonical': 422,
  'tree/path': 422,
  'tree/order': 422,
  'tree/parent': 422,
  'tree/link-leaves': 422,
  'tree/object-size': 422,

  'mud/exists': 409,
  'mud/elsewhere': 422,
  'confine/mud': 422,
  'confine/unknown-interface': 404,
  'grant/unknown': 404,
  'grant/not-requested': 404,
  'grant/never-by-rule': 400,

  'setting/mismatch': 400,
  'setting/unknown-package': 404,

  'trust/malformed': 422,
  'trust/threshold': 422,
  'trust/rollback': 409,
  'trust/fast-forward': 409,
  'trust/expired': 422,
  'trust/wrong-owner': 422,
  'trust/weak-key': 422,
  'trust/first-root': 422,
  'trust/mismatch': 422,
  'trust/mix-and-match': 422,
  'trust/missing-metadata': 422,
  'trust/endless-data': 422,
  'trust/not-delegated': 422,

  'authority/bins': 422,
  'authority/revoked': 409,

  'signer/not-named': 409,
  'signer/unavailable': 503,
  'database/unavailable': 503,
  'server/taking-over': 503,
  'server/not-ready': 503,
  'server/disk-full': 507,
  'server/second-store': 503,
  'server/no-second-store': 409,
  internal: 500,
} as const satisfies Readonly<Record<string, number>>

export type ProblemCode = keyof typeof problemStatus

/** RFC 9457 problem details: the one form in which an error crosses the wire. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly [detail: string]: Details[string]
}

export const problemType = 'application/problem+json'

/** What a stranger hears of `error`: a listed code explains itself, anything else is `internal`. */
export function toProblem(error: unknown): Problem {
  if (!(error instanceof CodedError) || !isProblemCode(error.code)) {
    return { type: 'internal', title: 'cannot answer: a fault in the server', status: 500 }
  }
  const { code, message, details } = error
  return { ...details, type: code, title: message, status: problemStatus[code] }
}

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problemStatus, code)
}

/** A problem as the client meets it: the server's own code, message and details. */
export class ProblemError extends CodedError {
  readonly status: number

  constructor({ type, title, status, ...details }: Problem) {
    super(type, title, details)
    this.status = status
  }
}

/** The problem in a reply's body, or one made from its status where the body holds none. */
export function parseProblem(status: number, body: string): ProblemError {
  const read = readProblem(body)
  if (read) return new ProblemError({ ...read, status })
  return new ProblemError({ type: 'reply/status', title: `cannot go on: status ${status}`, status })
}

function readProblem(body: string): Problem | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return isProblem(value) ? value : undefined
  } catch (cause) {
    // A proxy's page is no problem document; the status alone has to do.
    if (cause instanceof SyntaxError) return undefined
    throw cause
  }
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    typeof value.type === 'string' &&
    'title' in value &&
    typeof value.title === 'string'
  )
}
