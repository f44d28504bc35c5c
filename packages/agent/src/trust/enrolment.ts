import {
  type Digest,
  fromBase64Url,
  isCoded,
  isJsonObject,
  type Json,
  parseDigest,
  parseStrictJson,
} from '@steadfleet/base'
import type { DeviceId } from '@steadfleet/domain'
import { AgentError } from '../error.ts'

/** What an enrolment token says: where to join, the secret that lets one device in, the first roots. */
export interface EnrolmentToken {
  readonly origin: string
  readonly secret: string
  readonly catalogueRoot: Digest
  readonly ownerRoot: Digest
  /** `none`, or the digest of the log policy. */
  readonly log: Digest | 'none'
  /** Digests of the server's public keys (SPKI); absent, the authorities of the system say who it is. */
  readonly keys?: readonly Digest[]
}

/** What a device knows of its fleet for as long as it belongs to it. */
export interface Enrolment {
  readonly origin: string
  readonly device: DeviceId
  readonly fleet: string
  readonly name: string
  readonly owner: string
  /** The model's name, where the device was told it when it joined; empty where it was not. */
  readonly model: string
  readonly architecture: 'amd64' | 'arm64'
  readonly catalogueRoot: Digest
  readonly ownerRoot: Digest
  /** What counted as the log when it joined, in words; the policy in force says what counts now. */
  readonly log: string
  /** By which the server was known when it joined; an order may name others. */
  readonly keys?: readonly Digest[]
}

/** Reads `sf1.<base64url of JSON>`. */
export function parseToken(text: string): EnrolmentToken {
  const body = text.trim().startsWith('sf1.') ? text.trim().slice(4) : undefined
  if (body === undefined) throw unreadable('it does not begin with sf1.')
  try {
    return readToken(parseStrictJson(fromBase64Url(body)))
  } catch (cause) {
    if (cause instanceof AgentError || !isCoded(cause)) throw cause
    throw unreadable(cause.message, cause)
  }
}

function readToken(json: Json): EnrolmentToken {
  if (!isJsonObject(json)) throw unreadable('it holds no object')
  const { origin, secret, catalogueRoot, ownerRoot, log, keys } = json
  if (typeof origin !== 'string' || !/^https?:\/\/[^/\s]+$/.test(origin)) {
    throw unreadable('it names no server')
  }
  if (typeof secret !== 'string' || secret.length < 20) throw unreadable('it holds no secret')
  if (typeof log !== 'string') throw unreadable('it does not say which log counts')
  const known = keys === undefined ? [] : toKeys(keys)
  return {
    ...(known.length > 0 && { keys: known }),
    origin,
    secret,
    log: log === 'none' ? log : parseDigest(log),
    catalogueRoot: parseDigest(String(catalogueRoot)),
    ownerRoot: parseDigest(String(ownerRoot)),
  }
}

function toKeys(keys: Json): Digest[] {
  if (!Array.isArray(keys)) throw unreadable('its keys are no list')
  return keys.map(key => parseDigest(String(key)))
}

function unreadable(fact: string, cause?: unknown): AgentError {
  return new AgentError('agent/token', `cannot read the enrolment token: ${fact}`, {}, { cause })
}
