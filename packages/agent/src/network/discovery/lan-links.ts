import { networkInterfaces } from 'node:os'
import { placeNamed } from '@steadfleet/confine/firewall'

export type Family = 'ipv4' | 'ipv6'

/** One end of the device in a network, as multicast sockets are told of it: an address, or a zone. */
export interface LanLink {
  readonly family: Family
  readonly outlet: string
  readonly name: string
}

/** The links of the device, packages' left out: one for each family that it speaks there. */
export function lanLinks(): LanLink[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) => {
    if (placeNamed(name) !== undefined) return []
    const outside = addresses.filter(({ internal }) => !internal)
    const first = outside.find(({ family }) => family === 'IPv4')
    const hasIpv6 = outside.some(({ family }) => family === 'IPv6')
    return [
      ...(first ? [{ family: 'ipv4' as const, outlet: first.address, name }] : []),
      ...(hasIpv6 ? [{ family: 'ipv6' as const, outlet: `::%${name}`, name }] : []),
    ]
  })
}
