import {
  fromBase64,
  isJsonObject,
  type Json,
  type JsonObject,
  parseStrictJson,
  toCanonicalText,
} from '@steadfleet/base'
import { parseEnvelopeBytes } from '@steadfleet/trust'
import type { Draft, DraftDocument } from './draft.ts'
import { nameOf } from './sign.ts'

/** One document of a draft against the version it follows. */
export interface Review {
  readonly document: string
  /** 0 where it is the first of its kind. */
  readonly from: number
  readonly to: number
  readonly changes: readonly Change[]
}

/** One place of a document: what stood there and what will; absent is neither. */
export interface Change {
  readonly place: string
  readonly before?: string
  readonly after?: string
}

/**
 * All that changes, place by place. Nothing is left out but the list of public keys, of which only
 * those count that a role names by the digest of the key.
 */
export function reviewDraft(draft: Draft): Review[] {
  return draft.documents.map(document => {
    const held = heldContent(draft, document)
    return {
      document: nameOf(document),
      from: typeof held.version === 'number' ? held.version : 0,
      to: Number(document.content.version),
      changes: changesOf(placesIn(held), placesIn(document.content)),
    }
  })
}

/** What the version in force says. */
export function heldContent(
  { held }: Pick<Draft, 'held'>,
  document: Pick<DraftDocument, 'kind' | 'name'>,
): JsonObject {
  const file = held.get(nameOf(document))
  if (!file) return {}
  const isEnvelope = document.kind === 'owner-root' || document.kind === 'policy'
  const json = isEnvelope
    ? parseStrictJson(fromBase64(parseEnvelopeBytes(file).payload))
    : membersOf(parseStrictJson(file)).signed
  return membersOf(json)
}

function changesOf(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): Change[] {
  const places = [...new Set([...before.keys(), ...after.keys()])].sort()
  return places.flatMap(place => {
    const [was, is] = [before.get(place), after.get(place)]
    if (was === is) return []
    return [
      { place, ...(was !== undefined && { before: was }), ...(is !== undefined && { after: is }) },
    ]
  })
}

/** A list is a set here: each of its members is a place of its own, named by itself. */
function placesIn(content: JsonObject): Map<string, string> {
  return new Map(placesBelow(withoutKeys(content), ''))
}

function placesBelow(value: Json, path: string): [place: string, text: string][] {
  if (Array.isArray(value)) {
    return value.flatMap(one => placesBelow(one, `${path}[${labelOf(one)}]`))
  }
  if (!isJsonObject(value)) return [[path, String(value)]]
  return Object.entries(value).flatMap(([key, one]) =>
    placesBelow(one, path === '' ? key : `${path}.${key}`),
  )
}

function labelOf(value: Json): string {
  if (!isJsonObject(value)) return String(value)
  return typeof value.name === 'string' ? value.name : toCanonicalText(value)
}

function withoutKeys({ keys: _, ...content }: JsonObject): JsonObject {
  const { delegations } = content
  if (!isJsonObject(delegations)) return content
  const { keys: __, ...rest } = membersOf(delegations)
  return { ...content, delegations: rest }
}

function membersOf(value: Json | undefined): JsonObject {
  return value !== undefined && isJsonObject(value) ? value : {}
}
