import { type Static, Type } from 'typebox'
import { object, oneOf, opened, parserOf } from './schema.ts'

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof weekdays)[number]

const TimeOfDay = Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' })
const year = 366 * 86_400
const Delay = Type.Integer({ minimum: 0, maximum: year })

/**
 * A time of the week in which the clock on the wall reads `from` or later and not yet `to`. Where `to`
 * is not later it is of the next day; the days are those on which it begins, every day without any.
 */
export const UpdateWindow = object({
  days: Type.Optional(Type.Array(oneOf(...weekdays), { minItems: 1, uniqueItems: true })),
  from: TimeOfDay,
  to: TimeOfDay,
})
export type UpdateWindow = Static<typeof UpdateWindow>

/** When the devices of a fleet may change, how long each may put it off, and what it keeps. */
export const UpdatePolicy = object(
  {
    windows: Type.Optional(Type.Array(UpdateWindow, { minItems: 1, maxItems: 50 })),
    'time-zone': Type.Optional(
      Type.String({
        pattern: '^[A-Za-z][A-Za-z0-9_+/-]{0,63}$',
        description: 'IANA time zone of the windows; the device’s own where it is left out.',
      }),
    ),
    consent: Type.Optional(
      Type.Boolean({ description: 'Somebody at the device is asked before each update.' }),
    ),
    'max-delay-seconds': Type.Optional(Delay),
    'security-delay-seconds': Type.Optional(Delay),
    'lease-seconds': Type.Optional(Delay),
    'security-lease-seconds': Type.Optional(Delay),
    'min-battery-percent': Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    'max-load-percent': Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        description: 'Of the load of one minute, divided by the processors.',
      }),
    ),
    metered: Type.Optional(oneOf('wait', 'fetch')),
    'keep-rejected-days': Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 3660,
        description: 'How long data that was gone back from is kept; the device may say less.',
      }),
    ),
    'store-limit-bytes': Type.Optional(
      Type.Integer({
        minimum: 1_000_000,
        maximum: 2 ** 50,
        description: 'What releases and what is kept of them may take; the device may say less.',
      }),
    ),
  },
  { title: 'update policy' },
)
export type UpdatePolicy = Static<typeof UpdatePolicy>
export const parseUpdatePolicy = parserOf('update policy', UpdatePolicy)

/** What a server newer than this device may have ordered: members that are not known are skipped. */
export const parseOrderedUpdatePolicy = parserOf('ordered update policy', opened(UpdatePolicy))

/** The bounds of a fleet that says nothing else, in seconds. */
export const usualBounds = {
  'max-delay-seconds': 14 * 86_400,
  'security-delay-seconds': 3 * 86_400,
  'lease-seconds': 86_400,
  'security-lease-seconds': 3600,
} as const satisfies UpdatePolicy
