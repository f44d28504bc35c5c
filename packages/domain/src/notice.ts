import { type Static, type TSchema, Type } from 'typebox'
import { DefectState } from './defect.ts'
import { Failure } from './device.ts'
import {
  ChannelName,
  DeviceId,
  FleetName,
  PackageName,
  Revision,
  Timestamp,
} from './identifiers.ts'
import { object, oneOf } from './schema.ts'

/** One kind of notice: when it comes, and what it says. */
interface NoticeShape {
  readonly summary: string
  readonly data: TSchema
}

const fleet = FleetName
const Name = Type.String({ description: 'What people call the device.' })
const Count = Type.Integer({ minimum: 0 })

const OfRollout = object({
  fleet,
  rollout: Type.Integer({ minimum: 1 }),
  package: PackageName,
  revision: Revision,
  channel: ChannelName,
  why: Type.String(),
})

const OfDefect = object({
  fleet,
  defect: Type.Integer({ minimum: 1, description: 'Its number in `failures list`.' }),
  state: DefectState,
  package: PackageName,
  revision: Revision,
  kind: Failure.properties.kind,
  title: Type.String({
    description: 'The line that says most, scrubbed of secrets on the device.',
  }),
  device: DeviceId,
})

/** What people are told of without asking: each kind by its name, which is also its `type` in a webhook. */
export const noticeShapes = {
  'rollout.halted': {
    summary: 'The platform halted a rollout; no further device is ordered.',
    data: OfRollout,
  },
  'rollout.done': { summary: 'Every device of a rollout has spoken.', data: OfRollout },
  'rollout.wants-approval': {
    summary: 'A rollout waits for a second person.',
    data: OfRollout,
  },
  'failure.new': { summary: 'Something failed that had never failed so.', data: OfDefect },
  'failure.regressed': {
    summary: 'Something failed again in a revision in which it should be mended.',
    data: OfDefect,
  },
  'device.silent': {
    summary: 'Devices missed their check-ins: those that were found in one look.',
    data: object({
      fleet,
      count: Count,
      devices: Type.Array(object({ device: DeviceId, name: Name, heard: Timestamp }), {
        maxItems: 20,
        description: 'Twenty of them at most.',
      }),
    }),
  },
  'device.isolated': {
    summary: 'A device, or a package on it, was cut off from its networks.',
    data: object({
      fleet,
      device: DeviceId,
      name: Name,
      package: Type.Optional(PackageName),
      by: Type.String({ description: 'A person, or a rule.' }),
    }),
  },
  'security.refused': {
    summary: 'A device refused something that it did not trust, or an app tried what it may not.',
    data: object({
      fleet,
      device: DeviceId,
      name: Name,
      code: Type.String(),
      message: Type.String(),
    }),
  },
  'role.expiring': {
    summary: 'A signature that devices ask for passed a mark of its life: half, 75 %, 90 %, over.',
    data: object({
      role: Type.String(),
      catalogue: Type.String({ description: 'Empty for the owner’s own roles.' }),
      expires: Timestamp,
      percent: Count,
    }),
  },
  'alert.raised': {
    summary: 'A rule of the fleet counted as many as it allows, or more.',
    data: object({
      fleet,
      rule: Type.String(),
      counts: Type.String({ description: 'The kind of notice or failure that it counts.' }),
      seen: Count,
      'within-seconds': Count,
    }),
  },
  'endpoint.off': {
    summary: 'A webhook failed for days, or said that it is gone, and is sent nothing more.',
    data: object({ fleet, endpoint: Type.String(), why: Type.String() }),
  },
  'endpoint.test': {
    summary: 'Somebody asked for it, to see that it arrives.',
    data: object({ fleet, endpoint: Type.String(), by: Type.String() }),
  },
} as const satisfies Readonly<Record<string, NoticeShape>>

export type NoticeKind = keyof typeof noticeShapes

/** Of a kind what it says. */
export type NoticeData<K extends NoticeKind = NoticeKind> = Static<(typeof noticeShapes)[K]['data']>

export const noticeKinds = Object.keys(noticeShapes) as readonly NoticeKind[]

export const NoticeKindName = Type.Unsafe<NoticeKind>(Type.Enum([...noticeKinds]))

/** What anybody may choose to be told of; a test is told to whom it is of alone. */
export const chosenKinds: readonly NoticeKind[] = noticeKinds.filter(
  kind => kind !== 'endpoint.test',
)

/** What a rule of a fleet may count: a kind of notice, or each single failure that a device tells. */
export const alertCounts = [
  'failure',
  'failure.new',
  'failure.regressed',
  'device.silent',
  'device.isolated',
  'security.refused',
  'rollout.halted',
] as const
export const AlertCount = oneOf(...alertCounts)
export type AlertCount = Static<typeof AlertCount>
