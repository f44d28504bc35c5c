import {
  AppStatus,
  Architecture,
  ChangeState,
  ChannelName,
  DeviceEvent,
  DeviceId,
  DigestSchema,
  Failure,
  FleetName,
  InstalledRelease,
  Isolation,
  Labels,
  mapOf,
  ObjectRef,
  object,
  PackageName,
  PublisherName,
  RequiredParts,
  Revision,
  RolloutPolicy,
  SettingScope,
  SettingValues,
  Timestamp,
  UpdatePolicy,
  Waiting,
} from '@steadfleet/domain'
import { type Static, Type } from 'typebox'

/** A DSSE envelope as JSON: payload type, payload and signatures, both base64. */
export const EnvelopeView = object({
  payloadType: Type.String({ maxLength: 200 }),
  payload: Type.String(),
  signatures: Type.Array(object({ keyid: Type.String(), sig: Type.String() }), { minItems: 1 }),
})
export type EnvelopeView = Static<typeof EnvelopeView>

/** A public key as TUF writes it. */
export const PublicKeyView = object({
  keytype: Type.Literal('ed25519'),
  scheme: Type.Literal('ed25519'),
  keyval: object({ public: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
})
export type PublicKeyView = Static<typeof PublicKeyView>

export const DeviceView = object({
  id: DeviceId,
  name: Type.String(),
  fleet: FleetName,
  model: Type.String(),
  architecture: Architecture,
  state: ChangeState,
  generation: Type.Integer({ minimum: 0 }),
  counter: Type.Integer({ minimum: 0 }),
  orderedCounter: Type.Integer({ minimum: 0 }),
  releases: Type.Array(InstalledRelease),
  /** Packages of them that the owner's policy lets nobody bring any more: what runs stays. */
  disallowed: Type.Array(PackageName),
  apps: Type.Array(AppStatus),
  /** What an update that is known to it waits for, as it said last. */
  waiting: Type.Union([Waiting, Type.Null()]),
  attributes: mapOf(Type.String()),
  online: Type.Boolean(),
  /** Which transparency log counts, and how many witnesses; `none` where the owner chose none. */
  log: Type.String(),
  enrolledAt: Timestamp,
  seenAt: Type.Union([Timestamp, Type.Null()]),
  /** Since when the silence alarm is up: it missed too many check-ins. Null while it is heard. */
  silentSince: Type.Union([Timestamp, Type.Null()]),
  /** What of it is cut off from its networks; absent where nothing is. */
  isolation: Type.Optional(Isolation),
  /** What people say of it. */
  labels: Labels,
  /** What people wrote about it; absent where nobody did. */
  note: Type.Optional(Type.String()),
  /** Since when no rollout moves it; absent while they may. */
  heldSince: Type.Optional(Timestamp),
  /** Packages that people keep at a revision on it; absent where there are none. */
  pins: Type.Optional(Type.Array(object({ package: PackageName, revision: Revision }))),
  /** Since when it is decommissioned. */
  goneSince: Type.Optional(Timestamp),
  /** The groups that it is in now; told of one device alone. */
  groups: Type.Optional(Type.Array(Type.String())),
})
export type DeviceView = Static<typeof DeviceView>

export const TimelineEntry = object({
  id: Type.Integer({ minimum: 1 }),
  device: DeviceId,
  receivedAt: Timestamp,
  event: DeviceEvent,
  /** The server keeps the report by which the device signed it. */
  hasEvidence: Type.Boolean(),
})
export type TimelineEntry = Static<typeof TimelineEntry>

export const ReleaseView = object({
  package: PackageName,
  revision: Revision,
  version: Type.String(),
  architecture: Architecture,
  record: ObjectRef,
  tree: ObjectRef,
  size: Type.Integer({ minimum: 0 }),
  sbom: ObjectRef,
  provenance: ObjectRef,
  /** What was found in its tree; older releases have none. */
  hygiene: Type.Optional(ObjectRef),
  publishedAt: Timestamp,
  channels: Type.Array(ChannelName),
})
export type ReleaseView = Static<typeof ReleaseView>

export const ChannelView = object({
  package: PackageName,
  channel: ChannelName,
  revision: Revision,
  movedAt: Timestamp,
})
export type ChannelView = Static<typeof ChannelView>

export const FailureView = object({
  id: Type.Integer({ minimum: 1 }),
  device: DeviceId,
  deviceName: Type.String(),
  fleet: FleetName,
  at: Timestamp,
  failure: Failure,
})
export type FailureView = Static<typeof FailureView>

export const SettingView = object({
  package: PackageName,
  scope: SettingScope,
  /** The group or the device; the fleet's own name for scope `fleet`. */
  name: Type.String(),
  values: SettingValues,
})
export type SettingView = Static<typeof SettingView>

/** Who gave a scope other values, and when; `rollout` moves the devices to them. */
export const SettingChangeView = object({
  id: Type.Integer({ minimum: 1 }),
  package: PackageName,
  scope: SettingScope,
  name: Type.String(),
  before: SettingValues,
  after: SettingValues,
  by: Type.String(),
  /** Empty where changes were not kept yet. */
  at: Type.String(),
  rollout: Type.Optional(Type.Integer({ minimum: 1 })),
  withdrawn: Type.Optional(Type.Literal(true, { description: 'Its rollout was cancelled.' })),
})
export type SettingChangeView = Static<typeof SettingChangeView>

/** Whose apps would see other values, and which. */
export const SettingPreview = object({
  devices: Type.Integer({ minimum: 0, description: 'How many in all.' }),
  /** The first hundred of them, in the order in which they joined. */
  first: Type.Array(
    object({ device: DeviceId, name: Type.String(), before: SettingValues, after: SettingValues }),
  ),
})
export type SettingPreview = Static<typeof SettingPreview>

export const FleetView = object({
  name: FleetName,
  owner: Type.String(),
  model: Type.String(),
  devices: Type.Integer({ minimum: 0 }),
  online: Type.Integer({ minimum: 0 }),
  silent: Type.Integer({ minimum: 0 }),
  /** After so many seconds a device that hears nothing asks by itself. */
  checkInSeconds: Type.Integer({ minimum: 1 }),
  /** When its devices may change; bounds that it does not state are the usual ones. */
  updates: UpdatePolicy,
  /** How its rollouts go that nobody says more about. */
  rollouts: RolloutPolicy,
  /** For how long a new release is on probation, whatever it says itself; absent: as it says. */
  probationSeconds: Type.Optional(Type.Integer({ minimum: 1 })),
  /** From so many denied attempts in a minute on a package is isolated by itself; absent: never. */
  isolateFrom: Type.Optional(Type.Integer({ minimum: 1 })),
  /** Without any of these its devices start no app. */
  require: RequiredParts.properties.require,
  packages: Type.Array(object({ package: PackageName, channel: ChannelName })),
})
export type FleetView = Static<typeof FleetView>

export const DigestList = Type.Array(DigestSchema, { maxItems: 100_000 })

export const GroupName = Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' })

/** A question about devices in the Common Expression Language. docs/formats/queries.md */
export const DeviceQuery = Type.String({ maxLength: 2000 })

/** Words, each of which stands in a device's name, id, model, note, labels or packages. */
export const DeviceWords = Type.String({ maxLength: 200 })

export const GroupView = object({
  name: GroupName,
  query: DeviceQuery,
  devices: Type.Integer({ minimum: 0 }),
})
export type GroupView = Static<typeof GroupView>

/** The name of a publisher's role, or of a bin of it: `acme`, `acme.bin-0f`. */
export const RoleName = Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}(\\.bin-[0-9a-f]{1,3})?$' })

/** Newer, signed versions of a publisher's role, of bins of it, or of both. */
export const RoleFiles = object({
  files: Type.Array(
    object({
      name: RoleName,
      /** Base64 of the file's exact bytes. */
      file: Type.String({ contentEncoding: 'base64', maxLength: 12_000_000 }),
    }),
    { minItems: 1, maxItems: 4097 },
  ),
})

/** A role: how long what it signed last is good for, and whether somebody must act. */
export const RoleView = object({
  /** `root`, `targets`, `snapshot`, `timestamp`, a publisher's name; `owner-root` or `policy`. */
  role: Type.String(),
  /** The catalogue's name in the owner's policy; null for the owner's own roles. */
  catalogue: Type.Union([PublisherName, Type.Null()]),
  version: Type.Integer({ minimum: 1 }),
  expires: Timestamp,
  /** The part of its usual life that is over, from 0 to 1. */
  spent: Type.Number({ minimum: 0, maximum: 1 }),
  /** The last mark of its life that was passed, in percent; 0 for none, 100 for expired. */
  alarm: Type.Union([
    Type.Literal(0),
    Type.Literal(50),
    Type.Literal(75),
    Type.Literal(90),
    Type.Literal(100),
  ]),
  /** The server renews it by itself: an alarm then means that it can't. */
  online: Type.Boolean(),
  /** Of a publisher: whether the owner's policy lets its releases count. Of any other role: true. */
  counts: Type.Boolean(),
})
export type RoleView = Static<typeof RoleView>
