import {
  type Change,
  type Draft,
  type DraftSignature,
  reviewDraft,
  standingOf,
} from '@steadfleet/authority'

/** The names that this machine has for keys, by key id. */
export type KeyNames = ReadonlyMap<string, string>

/** A draft as JSON: what changes, and who has signed. */
export function toReviewJson(draft: Draft, signatures: readonly DraftSignature[]): object {
  return { documents: reviewDraft(draft), signatures: standingOf(draft, signatures) }
}

/** A draft for people: what changes, who has signed, who still must. */
export function toReviewText(
  draft: Draft,
  signatures: readonly DraftSignature[],
  names: KeyNames,
): string {
  const documents = reviewDraft(draft).flatMap(({ document, from, to, changes }) => [
    `${document} ${from} → ${to}`,
    ...changes
      .filter(({ place }) => place !== 'version')
      .map(change => `  ${inWords(change, names)}`),
  ])
  return [...documents, '', ...standingLines(draft, signatures, names)].join('\n')
}

/** For each role that must sign, how far it is. */
export function standingLines(
  draft: Draft,
  signatures: readonly DraftSignature[],
  names: KeyNames,
): string[] {
  return standingOf(draft, signatures).flatMap(({ document, by, threshold, signed, waiting }) => {
    const isMet = signed.length >= threshold
    const list = (ids: readonly string[]): string =>
      ids.map(id => nameOf(id, names)).join(', ') || 'nobody'
    return [
      `${isMet ? '✔' : '…'} ${document} by ${by}: ${signed.length} of ${threshold} signatures`,
      `    signed: ${list(signed)}`,
      ...(isMet ? [] : [`    may sign: ${list(waiting)}`]),
    ]
  })
}

/** A key as people know it: the name of its file here, and the beginning of its id. */
export function nameOf(keyid: string, names: KeyNames): string {
  const name = names.get(keyid)
  return name === undefined ? keyid.slice(0, 12) : `${name} (${keyid.slice(0, 12)})`
}

/** A member of a list is told by its list: what it says of itself stands in the brackets. */
function inWords({ place, before, after }: Change, names: KeyNames): string {
  const where = place.replace(/\[[^\]]*\]$/, '')
  const isMember = where !== place
  const text = (value: string): string => (names.has(value) ? nameOf(value, names) : value)
  if (isMember && before === undefined) return `${where}: + ${text(after ?? '')}`
  if (isMember && after === undefined) return `${where}: − ${text(before ?? '')}`
  return `${place}: ${before ?? 'nothing'} → ${after ?? 'nothing'}`
}
