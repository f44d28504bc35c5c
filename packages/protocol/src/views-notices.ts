import { AlertCount, FleetName, NoticeKindName, object, Timestamp } from '@steadfleet/domain'
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

/** What of notices a person is told by mail. */
export const MailChoiceView = object({
  /** Whether the server has been told how to send mail. */
  isPossible: Type.Boolean(),
  address: Type.String(),
  kinds: Type.Array(NoticeKindName),
  /** What hindered the last mail; empty where nothing did. */
  said: Type.String(),
})
export type MailChoiceView = Static<typeof MailChoiceView>

export const AlertRuleName = Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' })

/** A standing rule of a fleet: from so many within so long on, whoever chose `alert.raised` is told. */
export const AlertRule = object({
  counts: AlertCount,
  'at-least': Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  'within-seconds': Type.Integer({ minimum: 60, maximum: 86_400 }),
})
export type AlertRule = Static<typeof AlertRule>

export const AlertRuleView = object({
  ...AlertRule.properties,
  name: AlertRuleName,
  raisedAt: Type.Optional(Timestamp),
})
export type AlertRuleView = Static<typeof AlertRuleView>

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
