import { type Change, hasDone, isDropped, stepOf } from './change.ts'
import { isClash, partOf, type Step } from './plan.ts'
import type { EngineState } from './state.ts'

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
  | { readonly move: 'fail-by-verdict' }
  | { readonly move: 'commit' }
  | { readonly move: 'undo'; readonly step: Step }
  | { readonly move: 'abort-stuck' }
  | { readonly move: 'recall' }
  | { readonly move: 'end'; readonly outcome: 'aborted' | 'restored' | 'rescue' }
  | { readonly move: 'tidy' }

/** The one decision of the engine: a function of the state alone, so a restart decides the same. */
export function nextMove(state: EngineState): Move {
  const { change } = state
  if (change === undefined) return { move: 'idle' }
  if (change.isOver) return { move: 'tidy' }
  if (change.abort) return nextUndo(change)
  if (change.isRecalled) return { move: 'recall' }
  return nextOfDropped(change) ?? nextForward(change)
}

function nextForward(change: Change): Move {
  if (!hasDone(change, 'activate')) return { move: 'do', steps: runnable(change) }
  if (change.verdict === undefined) return { move: 'watch' }
  return { move: change.verdict.verdict === 'passed' ? 'commit' : 'fail-by-verdict' }
}

/**
 * Backwards through what was begun, the failed step too. A pointer that can't be moved back names the
 * new generation, which then stays as it is.
 */
function nextUndo(change: Change): Move {
  const isPointerStuck = change.stuck.some(id => stepOf(change, id).kind === 'activate')
  if (isPointerStuck) return { move: 'end', outcome: 'rescue' }
  const id = change.begun.findLast(begun => !change.undone.includes(begun))
  if (id !== undefined) return { move: 'undo', step: stepOf(change, id) }
  if (change.state === 'aborted') return { move: 'end', outcome: 'aborted' }
  return { move: 'end', outcome: change.stuck.length > 0 ? 'rescue' : 'restored' }
}

/**
 * A dropped lane goes back before the others go on. The pointer leaves the generation that holds the
 * lane's new release first: what it names is whole at every instant.
 */
function nextOfDropped(change: Change): Move | undefined {
  if (change.drops.length === 0) return undefined
  if (change.stuck.length > 0) return { move: 'abort-stuck' }
  const open = change.begun.findLast(
    id => isDropped(change, stepOf(change, id)) && !change.undone.includes(id),
  )
  const pointer = change.plan.steps.find(({ kind }) => kind === 'activate')
  const isPointerOpen =
    pointer && change.begun.includes(pointer.id) && !change.done.includes(pointer.id)
  if (isPointerOpen) return { move: 'do', steps: [{ step: pointer, again: true }] }
  return open === undefined ? undefined : { move: 'undo', step: stepOf(change, open) }
}

/** Steps of which no earlier, unfinished one clashes, and of no later part than the first of those. */
function runnable(change: Change): Runnable[] {
  const open = change.plan.steps.filter(
    step => !change.done.includes(step.id) && !isDropped(change, step),
  )
  const part = open[0] && partOf[open[0].kind]
  return open
    .filter(step => partOf[step.kind] === part)
    .filter((step, i, all) => !all.slice(0, i).some(earlier => isClash(earlier, step)))
    .map(step => ({ step, again: change.begun.includes(step.id) }))
}
