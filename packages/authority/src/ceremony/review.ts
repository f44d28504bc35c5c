import {
  fromBase64,
  isJsonObject,
  type Json,
  type JsonObject,
  parseStrictJson,
  toCanonicalText,
} from '@steadfleet/base'
import { parseEnvelopeBytes } from '@steadfleet/trust'
import { publisherOf } from '../bins.ts'
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
  const isRole = ({ kind }: DraftDocument): boolean => kind === 'role'
  const others = draft.documents.filter(document => !isRole(document))
  const own = Map.groupBy(draft.documents.filter(isRole), ({ name }) => publisherOf(name))
  return [
    ...others.map(document => reviewOf(draft, document)),
    ...[...own].flatMap(([publisher, documents]) => reviewPublisher(draft, publisher, documents)),
  ]
}

function reviewOf(draft: Draft, document: DraftDocument): Review {
  const held = heldContent(draft, document)
  return {
    document: nameOf(document),
    from: typeof held.version === 'number' ? held.version : 0,
    to: Number(document.content.version),
    changes: changesOf(placesIn(held), placesIn(document.content)),
  }
}

/**
 * A publisher's documents. A release that goes from one of its files to another is no change; one that
 * goes with a file that nothing stands for is told with the first document.
 */
function reviewPublisher(
  draft: Draft,
  publisher: string,
  documents: readonly DraftDocument[],
): Review[] {
  const names = [...draft.held.keys()].flatMap(name => /^role\/(.*)$/.exec(name)?.[1] ?? [])
  const held = names.filter(name => publisherOf(name) === publisher)
  const before = releasesIn(held.map(name => heldContent(draft, { kind: 'role', name })))
  const after = releasesIn(documents.map(({ content }) => content))
  const told = releasesIn(documents.map(document => heldContent(draft, document)))
  const lost = [...before].filter(([place]) => !after.has(place) && !told.has(place))
  const [first, ...others] = documents
    .map(document => reviewOf(draft, document))
    .map(review => ({ ...review, changes: withoutMoves(review.changes, before, after) }))
  if (first === undefined) return []
  const gone = lost.map(([place, was]) => toChange(place, was, undefined))
  return [{ ...first, changes: [...first.changes, ...gone] }, ...others]
}

function releasesIn(contents: readonly JsonObject[]): Map<string, string> {
  return new Map(
    contents.flatMap(content => [...placesIn(content)].filter(([place]) => isOfRelease(place))),
  )
}

function withoutMoves(
  changes: readonly Change[],
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): Change[] {
  return changes.flatMap(change => {
    const { place } = change
    if (!isOfRelease(place)) return [change]
    const [was, is] = [before.get(place), after.get(place)]
    if (was === is || (change.after === undefined && is !== undefined)) return []
    return [toChange(place, was, is)]
  })
}

function isOfRelease(place: string): boolean {
  return place.startsWith('targets.')
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
    return was === is ? [] : [toChange(place, was, is)]
  })
}

function toChange(place: string, was: string | undefined, is: string | undefined): Change {
  return {
    place,
    ...(was !== undefined && { before: was }),
    ...(is !== undefined && { after: is }),
  }
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
