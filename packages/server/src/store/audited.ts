import type { NewSession } from '../acts/sessions.ts'
import type { CommandName, InputOf, OutputOf } from './commands.ts'
import type { Db } from './schema.ts'
import * as state from './state-of.ts'

/** How a command is told in the audit log. */
export interface Told<Input, Output = unknown> {
  readonly subject: (input: Input, output: Output) => string
  readonly fleet?: (input: Input, output: Output) => string
  /** What it changes, read before and after it; JSON without secrets. */
  readonly state?: (db: Db, input: Input) => Promise<unknown>
  /** What is told after it, where it changes nothing that is read again. */
  readonly after?: (input: Input, output: Output) => unknown
  /** Who did it, where it is this command that finds out. */
  readonly by?: (input: Input, output: Output) => string
}

const notAnAct = undefined

/** Of a large set the digest in the act says which; the first are told by name. */
const some = (devices: readonly string[]): readonly string[] => devices.slice(0, 100)

const fleetOf = ({ fleet }: { readonly fleet: string }): string => fleet
const ofFleet = { subject: fleetOf, fleet: fleetOf }
const ofAlertRule = { subject: ({ name }: { readonly name: string }) => name, fleet: fleetOf }
const ofEndpoint = { subject: ({ id }: { readonly id: string }) => id, fleet: fleetOf }
const ofPackage = (input: { readonly package: string }): string => input.package

/** Somebody came in: who it is shows by what they came with. */
const signedIn: Told<{ readonly session: NewSession }, { readonly name: string }> = {
  subject: (_, { name }) => name,
  after: ({ session }) => ({ session: session.id, agent: session.agent }),
  by: (_, { name }) => name,
}

/**
 * Every command, and how it is told: a command that is not in here does not compile. Not an act is what devices
 * say and what the server does by itself to follow from what was done.
 */
export const audited: {
  readonly [N in CommandName]: Told<InputOf<N>, OutputOf<N>> | typeof notAnAct
} = {
  importConfiguration: {
    subject: ({ facts }) => facts.fleet,
    fleet: ({ facts }) => facts.fleet,
    after: ({ facts, operators }) => ({ ...facts, keys: operators.map(({ keyid }) => keyid) }),
  },
  noteAct: {
    subject: ({ subject }) => subject,
    fleet: ({ fleet }) => fleet,
    after: ({ after }) => after,
  },

  admitPerson: { subject: ({ name }) => name, after: ({ id, roles }) => ({ id, roles }) },
  createSignInToken: {
    subject: ({ person }) => person.name,
    after: ({ expiresAt }) => ({ expiresAt }),
  },
  redeemSignInToken: signedIn,
  signInByPasskey: signedIn,
  signInByCode: signedIn,
  signInBySignOn: {
    ...signedIn,
    after: ({ session, account }) => ({ session: session.id, agent: session.agent, ...account }),
  },
  followGroups: { subject: ({ person }) => person, state: state.ofRoles },
  addSignOn: { subject: ({ person }) => person, after: ({ account }) => account },
  removeSignOn: { subject: ({ person }) => person, after: ({ id }) => ({ removed: id }) },
  setRoles: { subject: ({ person }) => person, state: state.ofRoles },
  removePerson: { subject: ({ person }) => person, state: state.ofRoles },
  endSessions: { subject: ({ person, id }) => id ?? person },
  addPasskey: { subject: ({ person }) => person, after: ({ id, name }) => ({ id, name }) },
  removePasskey: { subject: ({ person }) => person, after: ({ id }) => ({ removed: id }) },
  putRecoveryCodes: { subject: ({ person }) => person },
  addMachine: {
    subject: ({ name }) => name,
    after: ({ id, fleet, role, expiresAt }) => ({ id, fleet, role, expiresAt }),
  },
  removeMachine: { subject: (_, { name }) => name, after: ({ id }) => ({ removed: id }) },
  touchSession: notAnAct,
  endSession: { subject: (_, ended) => ended?.name ?? '', by: (_, ended) => ended?.name ?? '' },

  createEnrolmentToken: { ...ofFleet, after: ({ expiresAt }) => ({ expiresAt }) },
  enrolDevice: {
    subject: ({ device }) => device,
    fleet: (_, { fleet }) => fleet,
    after: ({ claim }) => claim,
    by: ({ device }) => device,
  },
  openDeviceSession: notAnAct,
  useDeviceSession: notAnAct,
  checkIn: notAnAct,
  keepHealth: notAnAct,
  raiseSilence: notAnAct,
  putOrder: notAnAct,
  clearDue: notAnAct,
  markAllDue: notAnAct,
  renewAllOrders: notAnAct,
  noteReleases: notAnAct,
  noteCeiling: notAnAct,
  noteModelGrants: notAnAct,
  noteServerKeys: notAnAct,
  wakeRollouts: notAnAct,

  moveChannel: {
    subject: input => `${input.package} ${input.channel}`,
    state: state.ofChannel,
  },
  followChannel: { subject: ofPackage, fleet: fleetOf, state: state.ofFollowed },
  unfollowPackage: { subject: ofPackage, fleet: fleetOf, state: state.ofFollowed },
  tryRelease: { subject: ({ device }) => device, state: state.ofAssigned },
  addEndpoint: { ...ofEndpoint, after: ({ url, kinds }) => ({ url, kinds }) },
  changeEndpoint: { ...ofEndpoint, state: state.ofEndpoint },
  removeEndpoint: { ...ofEndpoint, state: state.ofEndpoint },
  renewEndpointSecret: ofEndpoint,
  testEndpoint: ofEndpoint,
  replayDeliveries: { ...ofEndpoint, after: (_, { queued }) => ({ queued }) },
  chooseMail: { subject: ({ person }) => person, after: ({ kinds }) => ({ kinds }) },
  claimMail: notAnAct,
  settleMail: notAnAct,
  putAlertRule: {
    ...ofAlertRule,
    after: ({ counts, atLeast, withinSeconds }) => ({ counts, atLeast, withinSeconds }),
  },
  removeAlertRule: ofAlertRule,
  noteShares: notAnAct,
  noteExpiring: notAnAct,
  pruneNotices: notAnAct,
  claimDeliveries: notAnAct,
  settleDelivery: notAnAct,
  steerDefect: { subject: ({ defect }) => `failure ${defect}`, state: state.ofDefect },
  steerRollout: { subject: ({ rollout }) => `rollout ${rollout}`, state: state.ofRollout },
  tripRollouts: {
    subject: ({ trips }) => trips.map(({ rollout }) => `rollout ${rollout}`).join(', '),
    after: ({ trips }) => trips,
  },

  setSettings: {
    subject: input => `${input.package} ${input.scope} ${input.name}`,
    fleet: fleetOf,
    state: state.ofSetting,
  },
  revertSettings: {
    subject: ({ change }) => `change ${change} of settings`,
    fleet: fleetOf,
    state: state.ofSettingChange,
  },
  addFleet: {
    ...ofFleet,
    after: ({ owner, model, checkInSeconds }) => ({ owner, model, checkInSeconds }),
  },
  setModel: { ...ofFleet, state: state.ofFleet('model') },
  setUpdates: { ...ofFleet, state: state.ofFleet('updates') },
  setRollouts: { ...ofFleet, state: state.ofFleet('rollouts') },
  setIsolationRule: { ...ofFleet, state: state.ofFleet('isolate_from') },
  setRequiredParts: { ...ofFleet, state: state.ofFleet('required_parts') },
  setGrantRules: { ...ofFleet, state: state.ofFleet('grant_rules') },
  setIsolation: { subject: ({ device }) => device, state: state.ofIsolation },
  actOnDevice: {
    subject: ({ device }) => device,
    fleet: (_, { fleet }) => fleet,
    after: ({ act }) => act,
  },
  actOnDevices: {
    subject: (_, { devices }) => `${devices.length} devices`,
    fleet: fleetOf,
    after: ({ act, query, search, set }, { devices }) => {
      return { act, query, search, set, devices: some(devices) }
    },
  },
  putGroup: { subject: ({ name }) => name, fleet: fleetOf, state: state.ofGroup },
  removeGroup: { subject: ({ name }) => name, fleet: fleetOf, state: state.ofGroup },

  decideGrant: { subject: ofPackage, fleet: fleetOf, state: state.ofGrant },
  forgetGrant: { subject: ofPackage, fleet: fleetOf, state: state.ofGrant },
  askReview: notAnAct,
  reviewRelease: { subject: ofPackage, state: state.ofReview },
  setReviewPolicy: { subject: () => 'catalogue', state: state.ofReviewPolicy },
}
