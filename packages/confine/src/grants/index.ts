export {
  type GrantDecision,
  type GrantRules,
  type GrantSituation,
  grantedNames,
  isUnderCeiling,
  type Standing,
  standingOf,
  waitingRequests,
} from './decide.ts'
export { covers, type RequestChange, requestChanges } from './difference.ts'
