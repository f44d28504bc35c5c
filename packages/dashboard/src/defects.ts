import type { DefectState, Failure } from '@steadfleet/domain'
import type { DefectView } from '@steadfleet/protocol'
import { toCount } from './format/text.ts'
import type { Meaning } from './tone.ts'

/** What a person may make of a defect. */
export type DefectDeed = 'resolve' | 'ignore' | 'reopen'

/** Which of them its state accepts: the person's half of `defectTable` in domain. */
export const deedsOf: Readonly<Record<DefectState, readonly DefectDeed[]>> = {
  open: ['resolve', 'ignore'],
  regressed: ['resolve', 'ignore'],
  resolved: ['reopen'],
  ignored: ['resolve', 'reopen'],
}

/** What each state of a defect means to whoever looks at it. */
export const defectMeanings: Readonly<Record<DefectState, Meaning>> = {
  open: { tone: 'bad', means: 'Nobody has said anything of it yet.' },
  regressed: { tone: 'bad', means: 'Was resolved, and a later revision has it again.' },
  resolved: { tone: 'good', means: 'Mended; it comes back here if a later revision has it.' },
  ignored: { tone: 'quiet', means: 'Nobody needs to hear of it.' },
}

export const failureKinds: Readonly<Record<Failure['kind'], string>> = {
  probation: 'Failed probation',
  crash: 'Crashed',
  change: 'Change failed',
  postponed: 'Put off',
  'out of memory': 'Out of memory',
}

/** Which revisions have it: "revision 3", "revisions 2 to 5". */
export function spanOf({ firstRevision, lastRevision }: DefectView): string {
  if (firstRevision === lastRevision) return `revision ${firstRevision}`
  return `revisions ${firstRevision} to ${lastRevision}`
}

/** What a deed brings about, in words, before it is done. */
export function consequenceOf(deed: DefectDeed, defect: DefectView): string {
  switch (deed) {
    case 'resolve':
      return `It leaves the list of what wants somebody. If a revision above ${defect.lastRevision} has it, it comes back as regressed; ${toCount(defect.devices, 'device')} may go on failing until updated.`
    case 'ignore':
      return 'It is counted on, and nobody is told of it any more.'
    case 'reopen':
      return 'It is again among what wants somebody.'
  }
}

/** The last 24 hours in words. */
export function trendInWords({ trend }: DefectView): string {
  const sum = trend.reduce((all, one) => all + one, 0)
  return `${toCount(sum, 'time')} in the last 24 hours, ${trend.at(-1) ?? 0} of them in this one`
}
