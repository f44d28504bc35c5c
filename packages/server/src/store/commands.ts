import { putAlertRule, removeAlertRule } from '../acts/alerts.ts'
import { followChannel, moveChannel, unfollowPackage } from '../acts/channel.ts'
import { checkIn } from '../acts/check-in.ts'
import { steerDefect } from '../acts/defects.ts'
import { claimDeliveries, settleDelivery } from '../acts/deliveries.ts'
import { actOnDevice, actOnDevices } from '../acts/device-act.ts'
import { openDeviceSession, useDeviceSession } from '../acts/device-session.ts'
import { markAllDue, renewAllOrders } from '../acts/due.ts'
import {
  addEndpoint,
  changeEndpoint,
  removeEndpoint,
  renewEndpointSecret,
  replayDeliveries,
  testEndpoint,
} from '../acts/endpoints.ts'
import { createEnrolmentToken, enrolDevice } from '../acts/enrol.ts'
import {
  addFleet,
  putGroup,
  removeGroup,
  setModel,
  setRollouts,
  setUpdates,
  tryRelease,
} from '../acts/fleet.ts'
import {
  decideGrant,
  forgetGrant,
  noteCeiling,
  noteModelGrants,
  setGrantRules,
} from '../acts/grant.ts'
import { keepHealth } from '../acts/health.ts'
import { setIsolation, setIsolationRule, setRequiredParts } from '../acts/isolation.ts'
import { chooseMail, claimMail, settleMail } from '../acts/mail.ts'
import { noteAct } from '../acts/note-act.ts'
import { noteExpiring, pruneNotices } from '../acts/notices.ts'
import { clearDue, putOrder } from '../acts/order.ts'
import { admitPerson, importConfiguration, removePerson, setRoles } from '../acts/people.ts'
import { noteReleases } from '../acts/release.ts'
import { askReview, reviewRelease, setReviewPolicy } from '../acts/review.ts'
import { noteServerKeys } from '../acts/server-keys.ts'
import {
  createSignInToken,
  endSession,
  endSessions,
  redeemSignInToken,
  signInByCode,
  signInByPasskey,
  touchSession,
} from '../acts/sessions.ts'
import { revertSettings, setSettings } from '../acts/setting.ts'
import { noteShares } from '../acts/shares.ts'
import { addSignOn, followGroups, removeSignOn, signInBySignOn } from '../acts/sign-on.ts'
import { raiseSilence } from '../acts/silence.ts'
import { steerRollout, tripRollouts, wakeRollouts } from '../acts/steer-rollout.ts'
import {
  addMachine,
  addPasskey,
  putRecoveryCodes,
  removeMachine,
  removePasskey,
} from '../acts/ways-in.ts'

/** Everything that may be written, by name: one act, one savepoint, in the writer's thread. */
export const commands = {
  importConfiguration,
  noteAct,
  createSignInToken,
  redeemSignInToken,
  admitPerson,
  setRoles,
  removePerson,
  signInByPasskey,
  signInByCode,
  signInBySignOn,
  followGroups,
  addSignOn,
  removeSignOn,
  addPasskey,
  removePasskey,
  putRecoveryCodes,
  addMachine,
  removeMachine,
  endSessions,
  touchSession,
  endSession,
  createEnrolmentToken,
  enrolDevice,
  openDeviceSession,
  useDeviceSession,
  checkIn,
  raiseSilence,
  putOrder,
  clearDue,
  markAllDue,
  renewAllOrders,
  noteReleases,
  addFleet,
  moveChannel,
  followChannel,
  unfollowPackage,
  tryRelease,
  steerDefect,
  noteShares,
  noteExpiring,
  pruneNotices,
  chooseMail,
  claimMail,
  settleMail,
  putAlertRule,
  removeAlertRule,
  addEndpoint,
  changeEndpoint,
  removeEndpoint,
  renewEndpointSecret,
  testEndpoint,
  replayDeliveries,
  claimDeliveries,
  settleDelivery,
  steerRollout,
  tripRollouts,
  wakeRollouts,
  setRollouts,
  setSettings,
  revertSettings,
  keepHealth,
  setModel,
  setUpdates,
  setIsolation,
  setIsolationRule,
  setRequiredParts,
  putGroup,
  removeGroup,
  actOnDevice,
  actOnDevices,
  decideGrant,
  forgetGrant,
  setGrantRules,
  noteCeiling,
  noteModelGrants,
  noteServerKeys,
  askReview,
  reviewRelease,
  setReviewPolicy,
} as const

export type CommandName = keyof typeof commands
export type InputOf<N extends CommandName> = Parameters<(typeof commands)[N]>[1]
export type OutputOf<N extends CommandName> = Awaited<ReturnType<(typeof commands)[N]>>
