import type { Digest } from '@steadfleet/base'
import { publicKey } from './key.ts'
import { logChoice } from './log-accept.ts'
import {
  anyObject,
  count,
  flag,
  list,
  mapOf,
  matching,
  moment,
  optional,
  positive,
  record,
  type Shaped,
  text,
  word,
} from './shape.ts'

const digest = matching<Digest>(/^sha256:[0-9a-f]{64}$/, 'a digest')
const packageName = matching<string>(
  /^[a-z][a-z0-9-]{0,39}\/[a-z][a-z0-9-]{0,39}$/,
  'a package name',
)
const publisherName = matching<string>(/^[a-z][a-z0-9-]{0,39}$/, 'a publisher name')
const architecture = word('amd64', 'arm64')
/** Processor architectures, in Debian's words. */
export type Architecture = Shaped<typeof architecture>
const objectRef = record({ digest, length: count })
const party = record({ catalogue: publisherName, publisher: publisherName })

/** DSSE payload types of the statements below: what was signed can't be read as another kind. */
export const payloadTypes = {
  ownerRoot: 'application/vnd.steadfleet.owner-root+json',
  policy: 'application/vnd.steadfleet.trust-policy+json',
  order: 'application/vnd.steadfleet.order+json',
  report: 'application/vnd.steadfleet.report+json',
  provenance: 'application/vnd.in-toto+json',
} as const

const role = record({ keyids: list(text), threshold: positive })
/** Who the owner is: the keys of its roles. Version n+1 is signed by the roots of n and of n+1. */
export const ownerRoot = record({
  type: word('owner-root'),
  version: positive,
  expires: moment,
  keys: mapOf(publicKey),
  roles: record({ root: role, director: role }),
})
export type OwnerRoot = Shaped<typeof ownerRoot>

/** Whose releases count on the owner's devices; signed by the owner root. */
export const trustPolicy = record({
  type: word('trust-policy'),
  owner: text,
  version: positive,
  expires: moment,
  catalogues: list(
    record({
      name: publisherName,
      /** Of the catalogue's first root file that a device takes; later ones follow by rotation. */
      root: digest,
      /** Publisher names that count; `*` for all that the catalogue delegates to. */
      allowed: list(text),
      refused: list(text),
    }),
  ),
  log: logChoice,
  /** The ceiling of grants: for each interface, the packages that may ever have it; `*` for all. */
  ceiling: mapOf(list(text)),
  /** Packages that have another publisher from now on, and the lowest revision that counts. */
  adoptions: optional(list(record({ package: packageName, from: party, to: party, floor: count }))),
})
export type TrustPolicy = Shaped<typeof trustPolicy>

/** What one device shall run, signed for that device by the director. Uptane §5.3.2 */
export const order = record({
  type: word('order'),
  device: text,
  owner: text,
  counter: positive,
  issued: moment,
  expires: moment,
  model: text,
  releases: list(
    record({
      catalogue: publisherName,
      package: packageName,
      revision: positive,
      architecture,
      record: objectRef,
      /** Values an owner gave, by the release's own schema. */
      settings: anyObject,
      /** Interfaces the owner grants; each counts only if requested and under the ceiling. */
      grants: list(text),
    }),
  ),
  policy: record({
    'probation-seconds': optional(positive),
    'check-in-seconds': optional(positive),
  }),
})
export type Order = Shaped<typeof order>
export type OrderedRelease = Order['releases'][number]

/** What a kind of device is. A target of the maker's name space: `acme/model-NAME/REVISION/all`. */
export const modelStatement = record({
  type: word('model'),
  format: positive,
  model: packageName,
  revision: positive,
  summary: text,
  architectures: list(architecture),
  slots: list(word('a', 'b')),
  /** Packages that an order may not leave out. */
  required: list(packageName),
  interfaces: list(text),
  development: optional(flag),
})
export type ModelStatement = Shaped<typeof modelStatement>
