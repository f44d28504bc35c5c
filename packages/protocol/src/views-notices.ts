import { FleetName, NoticeKindName, object, Timestamp } from '@steadfleet/domain'
import { type Static, Type } from 'typebox'

/** What people were told. */
export const NoticeView = object({
  id: Type.Integer({ minimum: 1 }),
  at: Timestamp,
  kind: NoticeKindName,
  /** Absent where it concerns every fleet. */
  fleet: Type.Optional(FleetName),
  /** By its kind: docs/reference/notices.md. */
  data: Type.Unsafe<Readonly<Record<string, unknown>>>(Type.Object({})),
})
export type NoticeView = Static<typeof NoticeView>

export const EndpointId = Type.String({ pattern: '^end_[0-9a-f]{20}$' })

/** Where notices of a fleet are sent. Its secret is shown once, when it is made. */
export const EndpointView = object({
  id: EndpointId,
  url: Type.String(),
  kinds: Type.Array(NoticeKindName),
  on: Type.Boolean(),
  /** Why it is off; empty where it is on. */
  why: Type.String(),
  /** Since when nothing arrived there. */
  failingSince: Type.Optional(Timestamp),
  madeBy: Type.String(),
  madeAt: Timestamp,
})
export type EndpointView = Static<typeof EndpointView>

/** One notice on its way to one endpoint. */
export const DeliveryView = object({
  id: Type.Integer({ minimum: 1 }),
  notice: Type.Integer({ minimum: 1 }),
  kind: NoticeKindName,
  at: Timestamp,
  state: Type.Unsafe<'due' | 'sent' | 'given up'>(Type.Enum(['due', 'sent', 'given up'])),
  attempts: Type.Integer({ minimum: 0 }),
  nextAt: Type.Optional(Timestamp),
  triedAt: Type.Optional(Timestamp),
  /** What it answered last. */
  status: Type.Optional(Type.Integer()),
  /** What hindered it last; empty where nothing did. */
  said: Type.String(),
})
export type DeliveryView = Static<typeof DeliveryView>
