import { createHash } from 'node:crypto'
import type { Digest } from '@steadfleet/base'
import { type Static, Type } from 'typebox'
import { branded, oneOf, parserOf } from './schema.ts'

declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

export type DeviceId = Branded<'DeviceId'>
export const DeviceId = branded<DeviceId>(/^dev_[0-9a-v]{20}$/, 'A device, named by its key.')
export const parseDeviceId = parserOf('device id', DeviceId)

export type OwnerId = Branded<'OwnerId'>
export const OwnerId = branded<OwnerId>(/^own_[0-9a-v]{20}$/, 'An owner, named by its first root.')
export const parseOwnerId = parserOf('owner id', OwnerId)

export type FleetName = Branded<'FleetName'>
export const FleetName = branded<FleetName>(/^[a-z][a-z0-9-]{0,39}$/, 'A fleet of one owner.')
export const parseFleetName = parserOf('fleet name', FleetName)

export type PublisherName = Branded<'PublisherName'>
export const PublisherName = branded<PublisherName>(
  /^[a-z][a-z0-9-]{0,39}$/,
  'A publisher; also its name space.',
)
export const parsePublisherName = parserOf('publisher name', PublisherName)

export type PackageName = Branded<'PackageName'>
export const PackageName = branded<PackageName>(
  /^[a-z][a-z0-9-]{0,39}\/[a-z][a-z0-9-]{0,39}$/,
  'A package, as PUBLISHER/NAME.',
)
export const parsePackageName = parserOf('package name', PackageName)

export type IsolationId = Branded<'IsolationId'>
export const IsolationId = branded<IsolationId>(
  /^[0-9a-f]{16}$/,
  'One time that a device isolated a package by itself.',
)

export type ChannelName = Branded<'ChannelName'>
export const ChannelName = branded<ChannelName>(
  /^[a-z0-9][a-z0-9.-]{0,39}\/(stable|candidate|beta|edge)$/,
  'A channel, as TRACK/RISK.',
)
export const parseChannelName = parserOf('channel name', ChannelName)

export const DigestSchema = branded<Digest>(/^sha256:[0-9a-f]{64}$/, 'The SHA-256 of some content.')

/** The monotonic integer of a package's releases: what security compares. */
export const Revision = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })

/** Processor architectures, in Debian's words. */
export const Architecture = oneOf('amd64', 'arm64')
export type Architecture = Static<typeof Architecture>

/** Content named by its digest, with its length in bytes as a hard cap on fetching it. */
export const ObjectRef = Type.Object(
  { digest: DigestSchema, length: Type.Integer({ minimum: 0 }) },
  { additionalProperties: false },
)
export type ObjectRef = Static<typeof ObjectRef>

/** A moment, as RFC 3339 in UTC with whole seconds. */
export const Timestamp = branded<string>(
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/,
  'A moment, RFC 3339, UTC, whole seconds.',
)

const base32hex = '0123456789abcdefghijklmnopqrstuv'

/** The id of the device that holds the raw Ed25519 public key `publicKey`: 100 bits of its SHA-256. */
export function deviceIdOf(publicKey: Uint8Array): DeviceId {
  return `dev_${shortName(publicKey)}` as DeviceId
}

/** The id of the owner whose first root document is `firstRoot`, as its exact bytes. */
export function ownerIdOf(firstRoot: Uint8Array): OwnerId {
  return `own_${shortName(firstRoot)}` as OwnerId
}

function shortName(content: Uint8Array): string {
  const bits = createHash('sha256').update(content).digest()
  return Array.from({ length: 20 }, (_, i) => {
    const pair = bits.readUInt16BE(Math.floor((i * 5) / 8))
    return base32hex[(pair >> (11 - ((i * 5) % 8))) & 31]
  }).join('')
}

/** A moment as {@link Timestamp}; fractions of a second are cut. */
export function toTimestamp(moment: Date): string {
  return `${moment.toISOString().slice(0, 19)}Z`
}
