import type { DeviceAct, PackageName } from '@steadfleet/domain'

/** What a person chooses and writes before an act. */
export interface ActDraft {
  readonly act: DeviceAct['act']
  /** As people write them: `site=north, floor=`; an empty value takes the label away. */
  readonly labels: string
  readonly note: string
  readonly package: string
  readonly revision: string
}

export const emptyAct: ActDraft = { act: 'label', labels: '', note: '', package: '', revision: '' }

/** Each act, as its button says it. */
export const actNames: Readonly<Record<DeviceAct['act'], string>> = {
  label: 'Label',
  note: 'Note on',
  hold: 'Hold',
  unhold: 'Unhold',
  pin: 'Pin a package on',
  unpin: 'Unpin a package on',
  retry: 'Try again on',
  decommission: 'Decommission',
}

const meanings: Readonly<Record<DeviceAct['act'], string>> = {
  label: 'Queries, groups and phases of rollouts know devices by their labels.',
  note: 'A search finds devices by what their notes say.',
  hold: 'No rollout moves them until somebody says otherwise; what they were ordered goes on.',
  unhold: 'Rollouts move them again; what passed them over comes now.',
  pin: 'They are ordered this revision, and stay at it whatever is rolled out.',
  unpin: 'Rollouts of the package move them again.',
  retry: 'What failed there for good is tried once more, as soon as it is ordered.',
  decommission: 'They are ordered nothing more and their keys are refused, until they enrol again.',
}

export function meaningOf(act: DeviceAct['act']): string {
  return meanings[act]
}

interface ActField {
  readonly field: Exclude<keyof ActDraft, 'act'>
  readonly label: string
  readonly hint?: string
}

const aPackage = { field: 'package', label: 'Package', hint: 'acme/greenhouse' } as const

const needed: Readonly<Partial<Record<DeviceAct['act'], readonly ActField[]>>> = {
  label: [{ field: 'labels', label: 'Labels', hint: 'site=north, floor=2' }],
  note: [{ field: 'note', label: 'Note' }],
  pin: [aPackage, { field: 'revision', label: 'Revision', hint: '2' }],
  unpin: [aPackage],
}

/** What an act needs to be told. */
export function fieldsOf(act: DeviceAct['act']): readonly ActField[] {
  return needed[act] ?? []
}

/** The act that a draft states; what is wrong with it, in words, where it states none. */
export function actIn({ act, note, ...draft }: ActDraft): DeviceAct | string {
  if (act === 'label') return labelling(draft.labels)
  if (act === 'note') return { act, note }
  if (act !== 'pin' && act !== 'unpin') return { act }
  if (!/^[a-z][a-z0-9-]*\/[a-z][a-z0-9-]*$/.test(draft.package)) {
    return 'A package is written as acme/greenhouse.'
  }
  const name = draft.package as PackageName
  if (act === 'unpin') return { act, package: name }
  if (!/^[1-9]\d{0,14}$/.test(draft.revision)) return 'A revision is a whole number.'
  return { act, package: name, revision: Number(draft.revision) }
}

function labelling(typed: string): DeviceAct | string {
  const parts = typed
    .split(',')
    .map(part => part.trim())
    .filter(Boolean)
  const isPair = (part: string): boolean => /^[a-z][a-z0-9_.-]{0,39}\s*=/.test(part)
  if (parts.length === 0 || !parts.every(isPair))
    return 'Labels are written as site=north, floor=2.'
  const pairs = parts.map(part => {
    const at = part.indexOf('=')
    return [part.slice(0, at).trim(), part.slice(at + 1).trim() || null] as const
  })
  return { act: 'label', labels: Object.fromEntries(pairs) }
}
