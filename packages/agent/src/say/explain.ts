import type { ChangeState } from '@steadfleet/domain'
import type { LocalChange, LocalStatus } from '@steadfleet/protocol'

/** What is said of a device besides its status. */
export interface Explained {
  readonly status: LocalStatus
  readonly last: LocalChange | undefined
  /** Packages that failed here as the order in force asks for them. */
  readonly failedBefore: readonly string[]
  /** The generation that somebody at the device went back to from this order. */
  readonly revertedTo: number | undefined
  /** Why the last try to do what was ordered ended before any change. */
  readonly trouble: { readonly message: string; readonly at: string } | undefined
}

/** What the device does or waits for, and why it went back if it did: whole sentences, the first the most urgent. */
export function explain(facts: Explained): string[] {
  const says = [
    ...underWay(facts.status),
    ...onHold(facts.status),
    ...wentBack(facts),
    ...notTried(facts),
    ...inTrouble(facts),
  ]
  const { counter, generation } = facts.status
  if (says.length > 0) return says
  if (counter === 0) return ['Its fleet has ordered nothing yet.']
  return [`It runs what its fleet ordered (order ${counter}, generation ${generation}).`]
}

const doing: Readonly<Partial<Record<ChangeState, readonly [string]>>> = {
  planned: ['It is about to be fetched.'],
  preparing: ['It is being fetched and installed beside what runs.'],
  ready: ['It is installed beside what runs, and about to be activated.'],
  activating: ['It is being activated: apps stop and start.'],
  probation: ['It runs on probation: what does not prove itself goes back by itself.'],
  'rolling back': ['It failed, and what ran before is coming back.'],
}

function underWay({ update, state }: LocalStatus): string[] {
  const what = update ? [`There is an update: ${toMoves(update.packages)}.`] : []
  if (!update?.waiting) return [...what, ...(doing[state] ?? [])]
  const { reasons, latest } = update.waiting
  const waits = reasons.map(({ why }) => `It waits: ${why}.`)
  const kept = state === 'preparing' ? ['What has come of it is kept.'] : []
  return [...what, ...waits, ...kept, `At the latest at ${latest} it goes on by itself.`]
}

function onHold({ hold, update }: LocalStatus): string[] {
  const isSaid = update?.waiting?.reasons.some(({ kind }) => kind === 'hold')
  if (hold === null || isSaid) return []
  return [`Updates are on hold${hold.until ? ` until ${hold.until}` : ''}.`]
}

/** The last change alone: what came after it is what counts now. */
function wentBack({ last, revertedTo, status }: Explained): string[] {
  const byHand =
    revertedTo === undefined
      ? []
      : [
          `Somebody here went back to generation ${revertedTo}: order ${status.counter} is not followed until another one comes.`,
        ]
  if (last === undefined || last.outcome === 'committed' || status.update) return byHand
  return [
    ...byHand,
    `${ended[last.outcome](last)}: ${last.why ?? 'nobody knows why'} (${last.at}).`,
  ]
}

const ended: Readonly<
  Record<Exclude<LocalChange['outcome'], 'committed'>, (change: LocalChange) => string>
> = {
  aborted: ({ packages }) =>
    `The update ${toMoves(packages)} was given up before it touched anything`,
  restored: ({ packages, from }) =>
    `The update ${toMoves(packages)} failed, and generation ${from} came back`,
  rescue: ({ packages }) =>
    `The update ${toMoves(packages)} failed, and could not be taken back in full`,
}

function notTried({ failedBefore }: Explained): string[] {
  if (failedBefore.length === 0) return []
  const names = failedBefore.join(', ')
  return [
    `${names}: what is ordered failed here before, and is not tried again until something of it changes.`,
  ]
}

function inTrouble({ trouble, last, status }: Explained): string[] {
  if (trouble === undefined || status.update || (last && last.at > trouble.at)) return []
  return [`What was ordered could not be begun: ${trouble.message} (${trouble.at}).`]
}

/** `acme/hub 1 → 2, acme/lamp removed` */
export function toMoves(packages: LocalChange['packages']): string {
  const moves = packages.map(({ package: name, from, to }) => {
    if (from === 0) return `${name} ${to} (new)`
    if (to === 0) return `${name} (removed)`
    return from === to ? `${name} ${to} (other settings)` : `${name} ${from} → ${to}`
  })
  return moves.join(', ') || 'of nothing'
}
