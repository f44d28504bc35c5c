import {
  type Change,
  type Draft,
  type DraftSignature,
  reviewDraft,
  type Standing,
  standingOf,
} from '@steadfleet/authority'
import { foldBins } from './tell-bins.ts'
import { isInPolicyWords, policyInWords } from './tell-policy.ts'

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
  const told = reviewDraft(draft).map(({ document, from, to, changes }) => ({
    document: `${document} ${from} → ${to}`,
    lines: [
      ...(document === 'policy' ? policyInWords(draft).map(line => `  ${line}`) : []),
      ...releasesIn(changes).map(line => `  ${line}`),
      ...changes
        .filter(({ place }) => place !== 'version' && releasePlace(place) === undefined)
        .filter(change => !isInPolicyWords(document, change))
        .map(change => `  ${inWords(change, names)}`),
    ],
  }))
  const documents = foldBins(told).flatMap(({ document, lines }) => [document, ...lines])
  return [...documents, '', ...standingLines(draft, signatures, names)].join('\n')
}

/** For each role that must sign, how far it is. */
export function standingLines(
  draft: Draft,
  signatures: readonly DraftSignature[],
  names: KeyNames,
): string[] {
  const told = standingOf(draft, signatures).map(standing => {
    const { document } = standing
    const [line = '', ...lines] = standingLinesOf(standing, names)
    const at = line.indexOf(document)
    return { document, lines: [line.slice(0, at), line.slice(at + document.length), ...lines] }
  })
  return foldBins(told).flatMap(({ document, lines: [before = '', after = '', ...lines] }) => [
    `${before}${document}${after}`,
    ...lines,
  ])
}

/** How far one role is: who of it has signed, and who still may. */
export function standingLinesOf(
  { document, by, threshold, signed, waiting }: Standing,
  names: KeyNames,
): string[] {
  const isMet = signed.length >= threshold
  const list = (ids: readonly string[]): string =>
    ids.map(id => nameOf(id, names)).join(', ') || 'nobody'
  return [
    `${isMet ? '✔' : '…'} ${document} by ${by}: ${signed.length} of ${threshold} signatures`,
    `    signed: ${list(signed)}`,
    ...(isMet ? [] : [`    may sign: ${list(waiting)}`]),
  ]
}

/** A key as people know it: the name of its file here, and the beginning of its id. */
export function nameOf(keyid: string, names: KeyNames): string {
  const name = names.get(keyid)
  return name === undefined ? keyid.slice(0, 12) : `${name} (${keyid.slice(0, 12)})`
}

/** `targets.PATH.MEMBER`, of a publisher's role. */
function releasePlace(place: string): { path: string; member: string } | undefined {
  const [, path, member] = /^targets\.(.+?)\.(length|hashes\..+|custom\..+)$/.exec(place) ?? []
  return path === undefined || member === undefined ? undefined : { path, member }
}

/** A line for each target that comes, and for each that goes or is changed, with all that is said of it. */
function releasesIn(changes: readonly Change[]): string[] {
  const rows = new Map<string, { before: string[]; after: string[] }>()
  for (const { place, before, after } of changes) {
    const found = releasePlace(place)
    if (!found) continue
    const row = rows.get(found.path) ?? { before: [], after: [] }
    const name = found.member.replace(/^(hashes|custom)\./, '')
    if (before !== undefined) row.before.push(`${name} ${before}`)
    if (after !== undefined) row.after.push(`${name} ${after}`)
    rows.set(found.path, row)
  }
  return [...rows].flatMap(([path, { before, after }]) => [
    ...(before.length > 0 ? [`− ${path}: ${before.join(', ')}`] : []),
    ...(after.length > 0 ? [`+ ${path}: ${after.join(', ')}`] : []),
  ])
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
