import { object, oneOf } from '@steadfleet/domain'
import { type Static, Type } from 'typebox'

const uri = (description: string) =>
  Type.String({ pattern: '^[a-z][a-z0-9+.-]*:[\\x21-\\x7e]+$', maxLength: 2048, description })
const text = (description: string) =>
  Type.String({ pattern: '^[^\\x00-\\x1f\\x7f]*$', maxLength: 255, description })
const name = Type.String({ pattern: '^[^\\x00-\\x1f\\x7f]{1,64}$', description: 'a name' })
/** Labels of letters, digits, `-` and `_`, in one line. RFC 1123 §2.1, and what is found in practice */
const hostName = Type.String({
  pattern: '^(?=.{1,253}$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\\.)*[A-Za-z0-9_-]{1,63}$',
  description: 'a host name',
})
const octet = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
const network4 = Type.String({
  pattern: `^(${octet}\\.){3}${octet}(/(3[0-2]|[12]?[0-9]))?$`,
  description: 'an IPv4 network',
})
const network6 = Type.String({
  pattern: '^[0-9A-Fa-f:]{2,39}(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?$',
  description: 'an IPv6 network',
})
const empty = Type.Array(Type.Null(), {
  minItems: 1,
  maxItems: 1,
  description: '[null], as YANG writes an empty leaf',
})
const port = Type.Integer({ minimum: 0, maximum: 65_535 })
const octetNumber = Type.Integer({ minimum: 0, maximum: 255 })

/** RFC 8519 §4.2, `port-range-or-operator` */
const ports = Type.Union([
  object({ operator: oneOf('eq', 'neq', 'lte', 'gte'), port }),
  object({ 'lower-port': port, 'upper-port': Type.Optional(port) }),
])
const dnsNames = {
  'ietf-acldns:src-dnsname': Type.Optional(hostName),
  'ietf-acldns:dst-dnsname': Type.Optional(hostName),
}
const initiated = Type.Optional(oneOf('from-device', 'to-device'))
const mac = Type.String({ pattern: '^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$', description: 'a MAC' })

const matches = object({
  'ietf-mud:mud': Type.Optional(
    object({
      manufacturer: Type.Optional(hostName),
      'same-manufacturer': Type.Optional(empty),
      model: Type.Optional(uri('a model’s URI')),
      'local-networks': Type.Optional(empty),
      controller: Type.Optional(uri('a controller’s class, which is a URI')),
      'my-controller': Type.Optional(empty),
    }),
  ),
  ipv4: Type.Optional(
    object({
      protocol: Type.Optional(octetNumber),
      'source-ipv4-network': Type.Optional(network4),
      'destination-ipv4-network': Type.Optional(network4),
      ...dnsNames,
    }),
  ),
  ipv6: Type.Optional(
    object({
      protocol: Type.Optional(octetNumber),
      'source-ipv6-network': Type.Optional(network6),
      'destination-ipv6-network': Type.Optional(network6),
      ...dnsNames,
    }),
  ),
  eth: Type.Optional(
    object({
      'source-mac-address': Type.Optional(mac),
      'destination-mac-address': Type.Optional(mac),
      ethertype: Type.Optional(
        Type.String({ pattern: '^0x[0-9A-Fa-f]{4}$', description: 'an ethertype, as 0x0806' }),
      ),
    }),
  ),
  tcp: Type.Optional(
    object({
      'source-port': Type.Optional(ports),
      'destination-port': Type.Optional(ports),
      'ietf-mud:direction-initiated': initiated,
    }),
  ),
  udp: Type.Optional(
    object({ 'source-port': Type.Optional(ports), 'destination-port': Type.Optional(ports) }),
  ),
  icmp: Type.Optional(
    object({ type: Type.Optional(octetNumber), code: Type.Optional(octetNumber) }),
  ),
})

const entry = object({
  name,
  matches,
  actions: object({
    forwarding: oneOf('accept', 'drop', 'reject'),
    logging: Type.Optional(oneOf('log-syslog', 'log-none')),
  }),
})

const accessList = object({
  name,
  type: oneOf('ipv4-acl-type', 'ipv6-acl-type', 'eth-acl-type'),
  aces: object({ ace: Type.Array(entry, { maxItems: 10_000 }) }),
})

const policy = Type.Optional(
  object({
    'access-lists': object({ 'access-list': Type.Array(object({ name }), { maxItems: 64 }) }),
  }),
)

const instant = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?(Z|[+-]\\d{2}:\\d{2})$',
  description: 'a date and time with its zone, as RFC 3339 writes it',
})

/** Where to read what a device consists of and which flaws are known of it. RFC 9472 */
const transparency = object({
  sboms: Type.Optional(
    Type.Array(
      object({
        'version-info': text('a version'),
        'sbom-url': Type.Optional(uri('where the SBOM is')),
      }),
      { maxItems: 64 },
    ),
  ),
  'sbom-retrieval-method': Type.Optional(Type.Unknown()),
  'vuln-url': Type.Optional(Type.Array(uri('where its flaws are told'), { maxItems: 64 })),
  'sbom-archive-list': Type.Optional(uri('where older SBOMs are')),
})

const about = {
  systeminfo: Type.Optional(text('what it is, for people')),
  'mfg-name': Type.Optional(text('its maker')),
  'model-name': Type.Optional(text('its model')),
  'firmware-rev': Type.Optional(text('its firmware')),
  'software-rev': Type.Optional(text('its software')),
  documentation: Type.Optional(uri('where it is documented')),
}

/** A MUD file in JSON: RFC 8520 §2 and §3, its access lists by RFC 8519 §4. */
export const mudSchema = object({
  'ietf-mud:mud': object({
    'mud-version': Type.Literal(1),
    'mud-url': Type.String({
      pattern: '^https://[\\x21-\\x7e]+$',
      maxLength: 2048,
      description: 'an https URL',
    }),
    'last-update': instant,
    'mud-signature': Type.Optional(uri('where its signature is')),
    'cache-validity': Type.Optional(Type.Integer({ minimum: 1, maximum: 168 })),
    'is-supported': Type.Boolean(),
    ...about,
    extensions: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 40 }), { maxItems: 64 }),
    ),
    'ietf-mud-transparency:transparency': Type.Optional(transparency),
    'from-device-policy': policy,
    'to-device-policy': policy,
  }),
  'ietf-access-control-list:acls': Type.Optional(
    object({ acl: Type.Array(accessList, { maxItems: 256 }) }),
  ),
})

export type MudDocument = Static<typeof mudSchema>
export type AccessList = Static<typeof accessList>
export type AccessEntry = Static<typeof entry>
export type PortMatch = Static<typeof ports>
