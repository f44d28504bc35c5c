import type { ChangeState, DeviceEvent, Failure, Rollout } from '@steadfleet/domain'
import type { TimelineEntry } from '@steadfleet/protocol'

/** A change of a device, told as one: all that it said from the plan to how it came out. */
export interface ChangeStory {
  readonly kind: 'change'
  readonly key: string
  /** When it was last heard of. */
  readonly at: string
  readonly generation: number
  readonly state: ChangeState
  /** What it changes, in the device's words. */
  readonly what: string
  /** Why it was given up, where it was. */
  readonly why: string | undefined
  readonly code: string | undefined
  /** The order it fulfils. */
  readonly counter: number | undefined
  /** Bytes it fetched, and those of the whole trees. */
  readonly fetched: { readonly bytes: number; readonly size: number } | undefined
  /** The states it went through, oldest first. */
  readonly path: readonly { readonly state: ChangeState; readonly at: string }[]
  readonly failures: readonly Failure[]
}

/** Anything else that happened. */
export interface EventStory {
  readonly kind: 'event'
  readonly key: string
  readonly at: string
  readonly event: DeviceEvent
}

export type Story = ChangeStory | EventStory

/** A timeline, newest first, with the many words of one change told together. */
export function toStories(entries: readonly TimelineEntry[]): Story[] {
  const changes = Map.groupBy(entries, ({ event }) => (isOfChange(event) ? event.generation : -1))
  return entries.flatMap((entry): Story[] => {
    const { event } = entry
    if (!isOfChange(event))
      return [{ kind: 'event', key: `event-${entry.id}`, at: event.at, event }]
    const said = (changes.get(event.generation) ?? []).map(each => each.event)
    return said[0] === event ? [toChangeStory(event.generation ?? 0, said)] : []
  })
}

/** The rollout that a change came from, where one is known that moves to what it changed. */
export function causeOf(story: ChangeStory, rollouts: readonly Rollout[]): Rollout | undefined {
  const phrases = story.what.split(', ')
  return rollouts.find(({ package: name, revision }) =>
    phrases.some(
      phrase =>
        phrase === `${name} revision ${revision} is new` ||
        (phrase.startsWith(`${name} from revision `) && phrase.endsWith(` to ${revision}`)),
    ),
  )
}

function isOfChange({ kind, generation }: DeviceEvent): boolean {
  return (kind === 'change' || kind === 'failure') && generation !== undefined
}

function toChangeStory(generation: number, said: readonly DeviceEvent[]): ChangeStory {
  const path = said
    .flatMap(({ state, at }) => (state === undefined ? [] : [{ state, at }]))
    .toReversed()
  const failures = said.flatMap(({ failure }) => (failure ? [failure] : []))
  const counter = detailOf(said, 'counter')
  const why = detailOf(said, 'why') ?? failures[0]?.reason
  return {
    kind: 'change',
    key: `generation-${generation}`,
    at: said[0]?.at ?? '',
    generation,
    state: path.at(-1)?.state ?? 'planned',
    what: String(detailOf(said, 'changes') ?? `generation ${generation}`),
    why: why === undefined ? undefined : String(why),
    code: said.find(({ code }) => code !== undefined)?.code,
    counter: typeof counter === 'number' ? counter : undefined,
    fetched: fetchedBy(said),
    path,
    failures,
  }
}

function detailOf(said: readonly DeviceEvent[], name: string) {
  return said.map(({ details }) => details?.[name]).find(value => value !== undefined)
}

function fetchedBy(said: readonly DeviceEvent[]): ChangeStory['fetched'] {
  const receipts = said.filter(({ details }) => typeof details?.bytes === 'number')
  if (receipts.length === 0) return undefined
  const sum = (name: string) =>
    receipts.reduce((total, { details }) => total + Number(details?.[name] ?? 0), 0)
  return { bytes: sum('bytes'), size: sum('size') }
}
