import { nextState, type Table } from '@steadfleet/base'
import type { ChangeState } from '@steadfleet/domain'
import { EngineError } from './error.ts'

export type ChangeEvent =
  | 'prepare'
  | 'stage'
  | 'activate'
  | 'prove'
  | 'drop'
  | 'commit'
  | 'abort'
  | Ending
/** How going back ended: with the earlier generation, or with what could be saved of it. */
type Ending = 'restore' | 'rescue'

/**
 * The life of a change. Until `activating` an abort only tidies up; from there it must go back. A
 * lane that is dropped on probation takes the others back to activating: the pointer moves once more.
 */
export const changeTable = {
  planned: { prepare: 'preparing', drop: 'planned', abort: 'aborted' },
  preparing: { stage: 'ready', drop: 'preparing', abort: 'aborted' },
  ready: { activate: 'activating', drop: 'ready', abort: 'aborted' },
  activating: { prove: 'probation', drop: 'activating', abort: 'rolling back' },
  probation: { commit: 'committed', drop: 'activating', abort: 'rolling back' },
  committed: {},
  aborted: {},
  'rolling back': { restore: 'restored', rescue: 'rescue' },
  restored: {},
  rescue: {},
} as const satisfies Table<ChangeState, ChangeEvent>

/** Where `event` leads; an event that the table refuses is a fault of the journal's writer. */
export function nextChangeState(state: ChangeState, event: ChangeEvent): ChangeState {
  const next = nextState(changeTable, state, event)
  if (next !== undefined) return next
  throw new EngineError('engine/transition', `cannot ${event} a change that is ${state}`, {
    state,
    event,
  })
}
