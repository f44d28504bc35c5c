export { defaultPairs } from './default-pairs.ts'
export { findingsIn, growthSince, type LookedAt } from './find.ts'
export {
  type Finding,
  type HygieneRule,
  hygieneRules,
  isOfTree,
  type Severity,
  severityOf,
} from './rules.ts'
export { type FileBytes, type FileTraces, longestLook, tracesOf } from './traces.ts'
