import type { AppState, ChangeState, MoveState, RolloutState } from '@steadfleet/domain'
import type { DeviceView } from '@steadfleet/protocol'

/** How a thing feels: well, on its way, wanting a look, broken, or of no concern. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet'

/** A state as a page shows it: its tone, and in a sentence what it means. */
export interface Meaning {
  readonly tone: Tone
  readonly means: string
}

/** What each state of a change means to whoever looks at a device. */
export const changeMeanings: Readonly<Record<ChangeState, Meaning>> = {
  planned: { tone: 'busy', means: 'A change is planned; nothing of it has begun.' },
  preparing: { tone: 'busy', means: 'Fetches and checks what it lacks; what runs is untouched.' },
  ready: { tone: 'busy', means: 'Everything is fetched and checked; it waits to switch.' },
  activating: { tone: 'busy', means: 'Switches to the new generation.' },
  probation: { tone: 'busy', means: 'Runs the new generation, which must prove itself.' },
  committed: { tone: 'good', means: 'What it runs has proved itself.' },
  aborted: { tone: 'warn', means: 'The change was given up before anything was switched.' },
  'rolling back': { tone: 'warn', means: 'Returns to the last good generation.' },
  restored: { tone: 'warn', means: 'Went back to the last good generation by itself.' },
  rescue: { tone: 'bad', means: 'Could not go back by itself; the rescuer holds it.' },
}

/** What each state of a rollout means to its operator. */
export const rolloutMeanings: Readonly<Record<RolloutState, Meaning>> = {
  draft: { tone: 'warn', means: 'Waits for a second person to let it start.' },
  scheduled: { tone: 'quiet', means: 'Starts by itself when its time has come.' },
  running: { tone: 'busy', means: 'Devices are ordered, phase by phase.' },
  paused: { tone: 'warn', means: 'Paused by a person; no further device is ordered.' },
  halted: { tone: 'bad', means: 'Halted by the platform; no further device is ordered.' },
  done: { tone: 'good', means: 'Every device that was heard of has spoken in its own report.' },
  cancelled: { tone: 'quiet', means: 'Ended by a person before all devices were moved.' },
}

/** What each state of a device within a rollout means. */
export const moveMeanings: Readonly<Record<MoveState, Meaning>> = {
  waiting: { tone: 'quiet', means: 'Not ordered yet; runs what it ran.' },
  ordered: { tone: 'busy', means: 'Ordered; its own report has not named the release yet.' },
  recalled: { tone: 'quiet', means: 'Was ordered, and then ordered to stay what it was.' },
  done: { tone: 'good', means: 'Its own signed report names the release.' },
  away: { tone: 'quiet', means: 'Was not heard of when its turn came; obeys when it is back.' },
  silent: { tone: 'warn', means: 'Has not been heard of since it was ordered.' },
  failed: { tone: 'bad', means: 'Could not take the release; runs what it ran.' },
  'rolled back': { tone: 'bad', means: 'Took the release, which failed, and went back.' },
  'passed over': {
    tone: 'quiet',
    means: 'Held, pinned elsewhere or decommissioned: it stays what it is.',
  },
}

/** The tone of an app's state. */
export const appTones: Readonly<Record<AppState, Tone>> = {
  starting: 'busy',
  running: 'good',
  'backing off': 'warn',
  exited: 'quiet',
  stopped: 'quiet',
  failed: 'bad',
}

const confinement = 'confinement'

/** What a device reports of how it confines: a verdict in one word, and each part of it. */
export function confinementOf({ attributes }: DeviceView): {
  verdict: string | undefined
  parts: [name: string, how: string][]
} {
  const parts = Object.entries(attributes)
    .filter(([name]) => name.startsWith(`${confinement}.`))
    .map(([name, how]): [string, string] => [name.slice(confinement.length + 1), how])
  return { verdict: attributes[confinement], parts }
}

/** What a device reports of itself beside how it confines. */
export function plainAttributes({ attributes }: DeviceView): [name: string, value: string][] {
  return Object.entries(attributes).filter(([name]) => name.split('.')[0] !== confinement)
}
