export {
  type Control,
  type HaltingRule,
  nothingSeen,
  type Seen,
  seenOf,
  usualRule,
} from './halting.ts'
export {
  awaited,
  type Next,
  nextMoves,
  type Progress,
  type Verdict,
  whoseTurn,
} from './next-moves.ts'
export { lateMove, planMoves } from './plan.ts'
