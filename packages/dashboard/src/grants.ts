import type { Isolation } from '@steadfleet/domain'
import type { DecisionView, GrantVerdict, GrantView, TimelineEntry } from '@steadfleet/protocol'
import { toCount, toList } from './format/text.ts'
import type { Tone } from './tone.ts'

/** How a package stands to an interface, in a word or two, and what that means. */
export interface StandingShown {
  readonly tone: Tone
  readonly word: string
  readonly means: string
}

const grantedBy: Readonly<Record<GrantView['by'], string>> = {
  device: 'Somebody granted it for this device.',
  fleet: 'Somebody granted it for the fleet.',
  rule: 'A rule of the fleet grants it.',
  model: 'A rule of the devices’ model grants it.',
  ceiling: 'The owner root names this package for it.',
  default: 'Whoever takes the package takes this with it.',
  never: 'It may never have it.',
  nobody: 'Nobody said anything of it.',
}

/** What is so now, the most urgent of it first. */
export function standingOf(grant: GrantView): StandingShown {
  const { is, by, underCeiling, waits } = grant
  const means = grantedBy[by]
  if (waits) return { tone: 'warn', word: 'A rollout waits', means: 'No device is moved before.' }
  if (by === 'never') return { tone: 'bad', word: 'Never', means }
  if (is === 'refused') {
    const whose = by === 'device' ? 'this device' : 'the fleet'
    return { tone: 'quiet', word: 'Refused', means: `Somebody took it back for ${whose}.` }
  }
  if (is === 'open') return { tone: 'warn', word: 'Not granted', means }
  if (underCeiling) return { tone: 'good', word: 'Granted', means }
  const shut = `${means} The owner root’s ceiling shuts it out all the same.`
  return { tone: 'quiet', word: 'Shut by the ceiling', means: shut }
}

/** Whom a word is for: a fleet, or one device of it. */
export interface GrantPlace {
  readonly fleet: string
  readonly devices: number
  /** Absent for all of the fleet. */
  readonly device?: { readonly id: string; readonly name: string }
}

/** What somebody may say of an interface; `forgotten` takes back what was said. */
export type Word = GrantVerdict | 'forgotten'

export const wordLabels: Readonly<Record<Word, string>> = {
  granted: 'Grant',
  refused: 'Revoke',
  never: 'Never',
  forgotten: 'Forget',
}

/** The words that would change something here. */
export function wordsFor(grant: GrantView, said: DecisionView | undefined): Word[] {
  const all: Word[] = ['granted', 'refused', 'never']
  const left = all.filter(word => grant.waits || word !== said?.verdict)
  return said === undefined ? left : [...left, 'forgotten']
}

/** What was said of an interface for exactly this place. */
export function saidAt(
  decisions: readonly DecisionView[],
  { package: name, interface: opened }: Pick<GrantView, 'package' | 'interface'>,
  { fleet, device }: GrantPlace,
): DecisionView | undefined {
  return decisions.find(
    one => one.package === name && one.interface === opened && one.target === (device?.id ?? fleet),
  )
}

/** Whom a word hits, in words: "the 4 devices of fleet home, but not fig". */
export function whomItHits(
  { fleet, devices, device }: GrantPlace,
  word: Word,
  others: readonly string[],
): string {
  if (device) return `${device.name} alone`
  const all = `the ${toCount(devices, 'device')} of fleet ${fleet}`
  if (others.length === 0 || word === 'never') return all
  return `${all}, but not ${toList(others)}, of which something else was said`
}

/** What comes of a word, as it is asked before it is said. */
export function consequenceOf(grant: GrantView, word: Word): string {
  const { package: name, title, opens } = grant
  const ends = 'Its apps are restarted without it.'
  const told: Readonly<Record<Word, string>> = {
    granted: `${name} gets ${title.toLowerCase()} with the next order: ${opens}.`,
    refused: `${name} has ${title.toLowerCase()} no longer. ${ends}`,
    never: `No rule, no later revision and no word about a single device gives it ${title.toLowerCase()} any more. ${ends}`,
    forgotten: `What was said of ${title.toLowerCase()} is taken back, as if nobody had: rules, the ceiling and the default decide.`,
  }
  return told[word]
}

/** Something that is cut off from every network, and who or what did it. */
export interface Isolated {
  /** A package’s name; absent for all of the device. */
  readonly package: string | undefined
  readonly by: string
  readonly at: string | undefined
}

/** What of a device is isolated, each by the newest entry of its timeline that began it. */
export function isolatedOn(
  { device: isWhole, packages = [] }: Isolation,
  timeline: readonly TimelineEntry[],
): Isolated[] {
  const begun = timeline.filter(({ event }) => event.code === 'isolation/begun')
  const names = isWhole ? [undefined] : packages
  return names.map(name => {
    const entry = begun.find(({ event }) => event.details?.package === name)
    const by = entry?.event.details?.by ?? 'somebody'
    return { package: name, by: String(by), at: entry?.event.at }
  })
}
