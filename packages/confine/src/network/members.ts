import { object, oneOf } from '@steadfleet/domain'
import { type Static, Type } from 'typebox'

/** More than this is no declaration any more, but a list of the Internet. */
export const mostEndpoints = 1000

const port = Type.Union([
  Type.Integer({ minimum: 1, maximum: 65_535 }),
  Type.String({ pattern: '^[0-9]{1,5}(-[0-9]{1,5})?$', description: 'a range, as 8000-8010' }),
])
const protocol = Type.Optional(oneOf('tcp', 'udp'))
const host = Type.String({ minLength: 1, maxLength: 300, description: 'a host' })
const list = { minItems: 1, maxItems: mostEndpoints }

/** `network`: whom the package connects to. */
export const networkMembers = {
  endpoints: Type.Union([
    Type.Literal('anywhere'),
    Type.Array(object({ host, port, protocol }), list),
  ]),
}

/** `network-listen`: where it can be reached; a port may be the value of one of its own settings. */
export const listenMembers = {
  ports: Type.Array(
    object({
      port: Type.Union([port, object({ setting: Type.String({ minLength: 1, maxLength: 64 }) })]),
      protocol,
      from: Type.Optional(
        Type.Union([
          oneOf('anywhere', 'lan', 'device'),
          Type.Array(host, { minItems: 1, maxItems: 100 }),
        ]),
      ),
    }),
    { minItems: 1, maxItems: 100 },
  ),
}

/** `network-lan`: what it may do among the hosts of its own links. */
export const lanMembers = {
  discovery: Type.Optional(Type.Array(oneOf('mdns', 'ssdp'), { minItems: 1, uniqueItems: true })),
  endpoints: Type.Optional(Type.Array(object({ port, protocol }), { minItems: 1, maxItems: 100 })),
}

/** `dns`: names that it may look up beyond those that it connects to. */
export const dnsMembers = { names: Type.Array(host, list) }

const members = {
  network: object(networkMembers),
  'network-listen': object(listenMembers),
  'network-lan': object(lanMembers),
  dns: object(dnsMembers),
}

type Members = { readonly [Name in keyof typeof members]: Partial<Static<(typeof members)[Name]>> }

/** A request of the network family; without members as releases wrote it that are older than members. */
export type NetworkRequest = {
  readonly [Name in keyof Members]: { readonly interface: Name } & Members[Name]
}[keyof Members]

/** A request as a manifest has it. */
export interface AnyRequest {
  readonly interface: string
  readonly [member: string]: unknown
}

/** Whether a request is of the network family: only then its members are what these schemas say. */
export function isNetworkRequest(request: {
  readonly interface: string
}): request is NetworkRequest {
  return Object.hasOwn(members, request.interface)
}
