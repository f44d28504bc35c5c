import {
  type Digest,
  fromBase64Url,
  isJsonObject,
  parseDigest,
  parseStrictJson,
} from '@steadfleet/base'

/** What an enrolment token says of where to join, and what counts there first. */
export interface Token {
  readonly origin: string
  readonly secret: string
  readonly ownerRoot: Digest
}

/** Reads `sf1.<base64url of JSON>`. */
export function readToken(text: string): Token {
  const json = text.startsWith('sf1.') ? parseStrictJson(fromBase64Url(text.slice(4))) : undefined
  if (json === undefined || !isJsonObject(json)) throw new TypeError('a line is no enrolment token')
  const { origin, secret, ownerRoot } = json
  return {
    origin: String(origin),
    secret: String(secret),
    ownerRoot: parseDigest(String(ownerRoot)),
  }
}
