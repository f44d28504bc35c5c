import { constants } from 'node:os'
import type { App, AppState } from '@steadfleet/domain'
import type { BackOff } from './apps.ts'

export const defaultBackOff: BackOff = { firstMs: 500, longestMs: 60_000, calmMs: 60_000 }

/** How a run ended, as its keeper's status says. Undefined: the keeper was ended too. */
export function endingOf(status: number | undefined): { exit: number } | { signal: string } {
  if (status === undefined) return { signal: 'SIGKILL' }
  const number = status - 128
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0]
  return name === undefined ? { exit: status } : { signal: name }
}

/** What becomes of an app that ended by itself: it is started again, or stays as it is. */
export function stateAfter(
  { daemon, restart }: Pick<App, 'daemon' | 'restart'>,
  hasFailed: boolean,
): AppState & ('backing off' | 'exited' | 'failed') {
  const isOneshot = daemon === 'oneshot'
  const policy = restart ?? (isOneshot ? 'never' : 'always')
  // A oneshot that succeeded has done its work, whatever the policy.
  const again = policy === 'always' ? hasFailed || !isOneshot : policy === 'on-failure' && hasFailed
  if (again) return 'backing off'
  return hasFailed ? 'failed' : 'exited'
}

/** How long to wait before the start that follows `failures` short runs in a row: it doubles. */
export function waitBefore(failures: number, { firstMs, longestMs }: BackOff): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(failures, 30))
}
