export {
  type Control,
  type HaltingRule,
  nothingSeen,
  type Seen,
  seenOf,
  usualRule,
} from './halting.ts'
export { nextStep, type Progress, type Step, type Wave } from './next-step.ts'
export { inTurns, lateMove, type Members, planMoves } from './plan.ts'
export { awaited, decided, type Standing, type Verdict } from './verdict.ts'
