import { setTimeout as wait } from 'node:timers/promises'
import { getLog, type LogView } from '@steadfleet/protocol'
import type { TestFleet } from './test-fleet.ts'

export function logOf({ operator }: TestFleet): Promise<LogView> {
  return operator.call(getLog, {})
}

/** Asks until the view is as wanted; a test that waits in vain ends by its own time-out. */
export async function untilLog(it: TestFleet, is: (view: LogView) => boolean): Promise<LogView> {
  for (;;) {
    const view = await logOf(it)
    if (is(view)) return view
    await wait(20)
  }
}
