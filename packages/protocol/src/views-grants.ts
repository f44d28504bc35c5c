import {
  DeviceId,
  GrantRules,
  InterfaceName,
  InterfaceRequest,
  object,
  oneOf,
  PackageName,
  Revision,
  Timestamp,
} from '@steadfleet/domain'
import { type Static, Type } from 'typebox'

/** `never` counts over every other word; `refused` is taken back by a nearer one. */
export const GrantVerdict = oneOf('granted', 'refused', 'never')
export type GrantVerdict = Static<typeof GrantVerdict>

/** Whom a decision is for: a fleet by its name, or a device by its id. */
export const GrantScope = oneOf('fleet', 'device')

/** What somebody decided. */
export const DecisionView = object({
  package: PackageName,
  interface: InterfaceName,
  scope: GrantScope,
  target: Type.String(),
  verdict: GrantVerdict,
  /** What the package asked for when it was decided. */
  request: InterfaceRequest,
  by: Type.String(),
  at: Timestamp,
})
export type DecisionView = Static<typeof DecisionView>

/** What a package asks of one interface, and how the fleet stands to it. */
export const GrantView = object({
  package: PackageName,
  /** The revision that asks: the one that is rolled out, else the one that runs. */
  revision: Revision,
  interface: InterfaceName,
  request: InterfaceRequest,
  title: Type.String(),
  opens: Type.String(),
  danger: Type.String(),
  risk: oneOf('low', 'medium', 'high'),
  is: oneOf('granted', 'refused', 'open'),
  by: oneOf('never', 'device', 'fleet', 'rule', 'model', 'ceiling', 'default', 'nobody'),
  /** Whether the owner root’s ceiling lets the package have it at all. */
  underCeiling: Type.Boolean(),
  /** A rollout waits for a word about it. */
  waits: Type.Boolean(),
  /** Devices for which something else was said than for the fleet. */
  devices: Type.Array(DeviceId),
})
export type GrantView = Static<typeof GrantView>

export const FleetGrants = object({
  grants: Type.Array(GrantView),
  decisions: Type.Array(DecisionView),
  /** The fleet’s own. */
  rules: GrantRules,
  /** Those of its model. */
  modelRules: GrantRules,
})
export type FleetGrants = Static<typeof FleetGrants>

/** How what is asked of one interface changed between two revisions. */
export const RequestChangeView = object({
  interface: InterfaceName,
  change: oneOf('added', 'more', 'less', 'removed'),
  asks: Type.Array(Type.String()),
  drops: Type.Array(Type.String()),
  request: InterfaceRequest,
  opens: Type.String(),
  risk: oneOf('low', 'medium', 'high'),
})
export type RequestChangeView = Static<typeof RequestChangeView>

/** A revision whose risky requests a reviewer must see before it goes to `stable`. */
export const ReviewView = object({
  package: PackageName,
  revision: Revision,
  verdict: oneOf('waiting', 'approved', 'rejected'),
  reason: Type.String(),
  by: Type.String(),
  at: Timestamp,
  /** What it asks for that no approved revision asked for. */
  requests: Type.Array(InterfaceRequest),
})
export type ReviewView = Static<typeof ReviewView>
