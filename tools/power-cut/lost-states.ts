import type { Deed, FileModel } from './file-model.ts'
import type { Act } from './replay.ts'

/**
 * One state that a disk may be found in: what was made durable before the cut at `count` acts, and of
 * what was not, only `kept`. `torn` arrived in its first half.
 */
export interface LostState {
  readonly why: string
  readonly count: number
  readonly kept: readonly number[]
  readonly torn?: number
}

/** How many of the newest deeds that may be lost are lost, or kept, one by one. */
const bound = 8

/**
 * Every bounded state in which what was not made durable is lost or comes in another order: for each
 * instant all of it, none of it, the names without the contents, the contents without the names, each
 * of the newest deeds alone missing, alone there, and the newest write in half.
 */
export function lostStates(acts: readonly Act[]): LostState[] {
  const states: LostState[] = []
  for (let count = 1; count <= acts.length; count++) {
    if (acts[count - 1]?.act === 'deed') states.push(...statesAt(acts, count))
  }
  return states
}

function statesAt(acts: readonly Act[], count: number): LostState[] {
  const pending = pendingAt(acts, count)
  const isName = (i: number) => deedAt(acts, i)?.what === 'entries'
  const newest = pending.slice(-bound)
  const last = pending.findLast(i => deedAt(acts, i)?.what === 'bytes')
  const without = (one: number) => pending.filter(i => i !== one)
  return [
    { why: 'all arrived', count, kept: pending },
    { why: 'nothing arrived', count, kept: [] },
    { why: 'names without contents', count, kept: pending.filter(isName) },
    { why: 'contents without names', count, kept: pending.filter(i => !isName(i)) },
    ...newest.map(i => ({ why: `${i} alone is missing`, count, kept: without(i) })),
    ...newest.map(i => ({ why: `${i} alone arrived`, count, kept: [i] })),
    ...(last === undefined ? [] : [{ why: `${last} is torn`, count, kept: pending, torn: last }]),
  ]
}

/** The deeds before the cut that nothing made durable. */
function pendingAt(acts: readonly Act[], count: number): number[] {
  let pending: number[] = []
  for (const [i, act] of acts.slice(0, count).entries()) {
    if (act.act === 'deed') pending.push(i)
    else if (act.inodes === undefined) pending = []
    else pending = pending.filter(one => !isOf(deedAt(acts, one), act.inodes ?? []))
  }
  return pending
}

function deedAt(acts: readonly Act[], i: number): Deed | undefined {
  const act = acts[i]
  return act?.act === 'deed' ? act.deed : undefined
}

function isOf(deed: Deed | undefined, inodes: readonly number[]): boolean {
  if (deed === undefined) return false
  if (deed.what !== 'entries') return inodes.includes(deed.inode)
  return deed.entries.some(({ directory }) => inodes.includes(directory))
}

/** The files in that state. `before` has the inodes of all that the trace made. */
export function filesIn(before: FileModel, acts: readonly Act[], state: LostState): FileModel {
  const model = before.copy()
  const pending = new Set(pendingAt(acts, state.count))
  const kept = new Set(state.kept)
  for (const [i, act] of acts.slice(0, state.count).entries()) {
    if (act.act !== 'deed' || (pending.has(i) && !kept.has(i))) continue
    model.do(i === state.torn ? inHalf(act.deed) : act.deed)
  }
  return model
}

function inHalf(deed: Deed): Deed {
  if (deed.what !== 'bytes') return deed
  return { ...deed, bytes: deed.bytes.subarray(0, Math.floor(deed.bytes.length / 2)) }
}
