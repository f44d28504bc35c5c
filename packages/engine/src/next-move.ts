import { isClash, partOf, type Step } from './plan.ts'
import { type Change, type EngineState, hasDone, stepOf } from './state.ts'

/** A step to do; `again` where it was begun before a crash. */
export interface Runnable {
  readonly step: Step
  readonly again: boolean
}

/** What the engine does next. `steps` may be done side by side. */
export type Move =
  | { readonly move: 'idle' }
  | { readonly move: 'do'; readonly steps: readonly Runnable[] }
  | { readonly move: 'watch' }
  | { readonly move: 'abort-by-verdict' }
  | { readonly move: 'commit' }
  | { readonly move: 'undo'; readonly step: Step }
  | { readonly move: 'end'; readonly outcome: 'aborted' | 'restored' | 'rescue' }
  | { readonly move: 'tidy' }

/** The one decision of the engine: a function of the state alone, so a restart decides the same. */
export function nextMove(state: EngineState): Move {
  const { change } = state
  if (change === undefined) return { move: 'idle' }
  if (change.isOver) return { move: 'tidy' }
  if (change.abort) return nextUndo(change)
  if (!hasDone(change, 'activate')) return { move: 'do', steps: runnable(change) }
  return nextJudgement(change)
}

function nextJudgement(change: Change): Move {
  if (change.verdict === undefined) return { move: 'watch' }
  return { move: change.verdict.verdict === 'passed' ? 'commit' : 'abort-by-verdict' }
}

/** Backwards through what was begun, the failed step too. */
function nextUndo(change: Change): Move {
  const id = change.begun.findLast(begun => !change.undone.includes(begun))
  if (id !== undefined) return { move: 'undo', step: stepOf(change, id) }
  if (change.state === 'aborted') return { move: 'end', outcome: 'aborted' }
  return { move: 'end', outcome: change.stuck.length > 0 ? 'rescue' : 'restored' }
}

/** Steps of which no earlier, unfinished one clashes, and of no later part than the first of those. */
function runnable(change: Change): Runnable[] {
  const open = change.plan.steps.filter(step => !change.done.includes(step.id))
  const part = open[0] && partOf[open[0].kind]
  return open
    .filter(step => partOf[step.kind] === part)
    .filter((step, i, all) => !all.slice(0, i).some(earlier => isClash(earlier, step)))
    .map(step => ({ step, again: change.begun.includes(step.id) }))
}
