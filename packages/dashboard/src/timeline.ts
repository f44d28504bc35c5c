import type { ChangeState, DeviceEvent } from '@steadfleet/domain'
import { toDay } from './format/time.ts'
import type { Story } from './story.ts'
import { changeMeanings, type Tone } from './tone.ts'

/** The kinds of a device's events, as a page names them. */
export const kindWords: Readonly<Record<DeviceEvent['kind'], string>> = {
  change: 'Change',
  app: 'App',
  failure: 'Failure',
  security: 'Security',
  agent: 'Agent',
  server: 'Server',
}

/** One day of a timeline. */
export interface Day {
  readonly name: string
  readonly stories: readonly Story[]
}

/** How an event feels. */
export function toneOf({ kind, state, code }: DeviceEvent): Tone {
  if (kind === 'failure' || kind === 'security') return 'bad'
  if (code === 'device/silent') return 'warn'
  if (code === 'device/heard') return 'good'
  if (state !== undefined) return changeMeanings[state].tone
  return 'quiet'
}

/** Why a failure ended as it did, as its process was ended: "exit 1", "signal SIGKILL". */
export function endOf({ exit, signal }: { exit?: number; signal?: string }): string | undefined {
  if (signal !== undefined) return `signal ${signal}`
  return exit === undefined ? undefined : `exit ${exit}`
}

/** Stories by their days, in the order given. */
export function byDay(stories: readonly Story[], now: Date, timeZone?: string): Day[] {
  const days = Map.groupBy(stories, ({ at }) => toDay(at, now, timeZone))
  return [...days].map(([name, of]) => ({ name, stories: of }))
}

/** How a change is said to have ended without holding. */
export function endingOf(state: ChangeState): string {
  return state === 'aborted' ? 'Given up' : 'Went back'
}
