import { FleetName, object, oneOf, Timestamp } from '@steadfleet/domain'
import { type Static, Type } from 'typebox'
import { roleNames } from './permissions.ts'

/** What somebody is, by fleet; under `*` for every fleet and for the server itself. */
export const RolesByFleet = Type.Record(
  Type.String({ pattern: '^([a-z][a-z0-9-]{0,39}|\\*)$' }),
  oneOf(...roleNames),
)

/** A name by which people know each other here: one of it, in letters that look like themselves. */
export const PersonName = Type.String({ pattern: '^[a-z][a-z0-9.@+-]{0,59}$' })

export const PersonView = object({
  id: Type.String(),
  name: Type.String(),
  roles: RolesByFleet,
  passkeys: Type.Integer({ minimum: 0 }),
  sessions: Type.Integer({ minimum: 0 }),
  madeAt: Timestamp,
  /** When a session of theirs was last used, to the hour; null where none is open. */
  seenAt: Type.Union([Timestamp, Type.Null()]),
})
export type PersonView = Static<typeof PersonView>

/** By what a person comes in. */
export const waysIn = ['link', 'passkey', 'code', 'sign-on'] as const
export type WayIn = (typeof waysIn)[number]

export const SessionView = object({
  id: Type.String(),
  madeAt: Timestamp,
  seenAt: Timestamp,
  expiresAt: Timestamp,
  /** The address from which it began, and what the browser said it is. */
  address: Type.String(),
  agent: Type.String(),
  /** By what it began. */
  way: Type.Optional(oneOf(...waysIn)),
  /** Whether it is the one that asks. */
  isThis: Type.Boolean(),
})
export type SessionView = Static<typeof SessionView>

export const PasskeyView = object({
  id: Type.String(),
  name: Type.String(),
  madeAt: Timestamp,
  usedAt: Type.Union([Timestamp, Type.Null()]),
})
export type PasskeyView = Static<typeof PasskeyView>

/** An account elsewhere by which a person signs in. */
export const SignOnView = object({
  id: Type.String(),
  issuer: Type.String(),
  /** The issuer’s own name for the account, which it never gives to another. */
  subject: Type.String(),
  /** Whether the person’s roles follow the groups that the issuer tells. */
  isByGroups: Type.Boolean(),
  madeAt: Timestamp,
})
export type SignOnView = Static<typeof SignOnView>

export const MachineView = object({
  id: Type.String(),
  name: Type.String(),
  role: oneOf(...roleNames),
  /** Absent for every fleet and the server. */
  fleet: Type.Optional(FleetName),
  madeBy: Type.String(),
  madeAt: Timestamp,
  expiresAt: Timestamp,
})
export type MachineView = Static<typeof MachineView>

/** A one-time link's token; whoever is given it signs in once, before it ends. */
export const LinkView = object({ token: Type.String(), expiresAt: Timestamp })

const Base64Url = (most: number) => Type.String({ pattern: '^[A-Za-z0-9_-]+$', maxLength: most })
const attachment = Type.Optional(oneOf('platform', 'cross-platform'))
const extensions = Type.Record(Type.String(), Type.Unknown())
const credential = {
  id: Base64Url(2000),
  rawId: Base64Url(2000),
  type: Type.Literal('public-key'),
  authenticatorAttachment: attachment,
  clientExtensionResults: extensions,
}

/** What a browser answers when it made a passkey. WebAuthn §5.1.3, in its JSON form. */
export const NewPasskey = object({
  ...credential,
  response: object({
    clientDataJSON: Base64Url(8000),
    attestationObject: Base64Url(40_000),
    authenticatorData: Type.Optional(Base64Url(8000)),
    transports: Type.Optional(Type.Array(Type.String({ maxLength: 40 }), { maxItems: 10 })),
    publicKeyAlgorithm: Type.Optional(Type.Integer()),
    publicKey: Type.Optional(Base64Url(8000)),
  }),
})
export type NewPasskey = Static<typeof NewPasskey>

/** What a browser answers when somebody signs in with a passkey. WebAuthn §5.1.4, in its JSON form. */
export const PasskeyAnswer = object({
  ...credential,
  response: object({
    clientDataJSON: Base64Url(8000),
    authenticatorData: Base64Url(8000),
    signature: Base64Url(4000),
    userHandle: Type.Optional(Base64Url(200)),
  }),
})
export type PasskeyAnswer = Static<typeof PasskeyAnswer>

/** What a browser is asked with: its own API's options, which it alone reads. */
export const PasskeyQuestion = Type.Record(Type.String(), Type.Unknown())
