export {
  type GrantDecision,
  type GrantSituation,
  grantedNames,
  isNeverByRule,
  isUnderCeiling,
  type Standing,
  standingOf,
  waitingRequests,
} from './decide.ts'
export { covers, type RequestChange, requestChanges } from './difference.ts'
