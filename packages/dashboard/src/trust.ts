import type { RoleView } from '@steadfleet/protocol'
import type { Meaning } from './tone.ts'

/** Of whom a role is, in words; any other name is a publisher's. */
const roleWords: Readonly<Record<string, string>> = {
  'owner-root': 'Owner root',
  policy: 'Trust policy',
  root: 'Catalogue root',
  targets: 'Catalogue targets',
  snapshot: 'Snapshot',
  timestamp: 'Timestamp',
}

/** What a mark of a role's life means to whoever must renew it. */
export const alarmMeanings: Readonly<
  Record<RoleView['alarm'], Meaning & { readonly word: string }>
> = {
  0: { tone: 'good', word: 'Fresh', means: 'Less than half of its life is over.' },
  50: { tone: 'busy', word: 'Half spent', means: 'Half of its life is over.' },
  75: { tone: 'warn', word: 'Renew', means: 'Three quarters of its life are over.' },
  90: { tone: 'bad', word: 'Renew now', means: 'Nine tenths of its life are over.' },
  100: { tone: 'bad', word: 'Expired', means: 'Devices take nothing new from it.' },
}

export function isPublisher({ role }: RoleView): boolean {
  return roleWords[role] === undefined
}

/** A role as a page names it: "Catalogue targets", "Publisher acme". */
export function nameOfRole({ role }: RoleView): string {
  return roleWords[role] ?? `Publisher ${role}`
}

/** Who renews a role, and so who has to act when it alarms. */
export function renewerOf(view: RoleView): string {
  if (view.online) return 'the server, by itself'
  if (view.catalogue === null) return 'the owner, offline'
  return isPublisher(view) ? 'its publisher' : 'the catalogue’s keepers, offline'
}

/** The part of its life that is over, in whole percent; none is told to be over before it is. */
export function spentPercent({ spent }: RoleView): number {
  return Math.floor(spent * 100)
}

/** From this mark on a person should act. */
const actAt = 75

/** The roles somebody must renew, the least life first. */
export function rolesToRenew(roles: readonly RoleView[]): RoleView[] {
  return roles
    .filter(({ alarm, counts }) => alarm >= actAt && counts)
    .toSorted((a, b) => b.spent - a.spent)
}

/** What is wrong with a role that alarms, and whose it is to act. */
export function whyRenew(view: RoleView): string {
  const by = view.online
    ? 'The server renews it by itself, and could not.'
    : `To be renewed by ${renewerOf(view)}.`
  if (view.alarm === 100) return `It has expired: devices take nothing new from it. ${by}`
  return `${spentPercent(view)} % of its life is over. ${by}`
}

/** How far a log has come, in words. */
export function progressOf({ signed, published }: { signed: number; published: number }): string {
  const entries = published === 1 ? '1 entry' : `${published} entries`
  if (signed === published) return `${entries}, all published`
  return `${published} of ${signed} entries are published`
}
