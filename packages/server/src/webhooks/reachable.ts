import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { ServerError } from '../error.ts'

/**
 * Addresses that no webhook may lead to: this machine, the networks around it, and what is no place on the
 * internet (the IANA registries of special-purpose addresses, RFC 6890).
 */
const refusedNetworks = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15'],
  ...['198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23'],
  ...['2001:db8::/32', '2002::/16', '3fff::/20', '5f00::/16', 'fc00::/7', 'fe80::/10'],
  ...['fec0::/10', 'ff00::/8'],
] as const

/** One address that a name leads to. */
export interface Place {
  readonly address: string
  readonly family: 4 | 6
}

/** Says where a webhook may lead. */
export interface Reach {
  /** Where the URL leads now. Throws `webhook/refused-address` where that is a place it may not. */
  placeOf(url: URL): Promise<Place>
  /** Throws `webhook/refused-address` where the URL itself says enough. */
  refuseAtSight(url: URL): void
}

/** Everywhere on the internet, and in these networks besides. */
export function makeReach(allowed: readonly string[]): Reach {
  const refused = listOf(refusedNetworks)
  const open = listOf(allowed)
  const isIn = (list: BlockList, address: string): boolean => {
    const plain = unmapped(address)
    return list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
  }
  const may = (address: string): boolean => isIn(open, address) || !isIn(refused, address)
  const refuse = (url: URL, why: string): never => {
    const message = `cannot send webhooks to ${url.host}: ${why}`
    throw new ServerError('webhook/refused-address', message, { host: url.host })
  }
  const refuseScheme = (url: URL, isOpen: boolean): void => {
    if (url.protocol === 'https:' || (url.protocol === 'http:' && isOpen)) return
    refuse(url, 'it is no https address')
  }
  return {
    refuseAtSight(url) {
      if (url.username !== '' || url.password !== '') refuse(url, 'it names a user')
      const host = hostOf(url)
      if (isIP(host) === 0) {
        // What a name leads to is looked at with each try.
        if (allowed.length === 0) refuseScheme(url, false)
        return
      }
      if (!may(host)) refuse(url, 'it is a private address')
      refuseScheme(url, isIn(open, host))
    },
    async placeOf(url) {
      const places = await lookup(hostOf(url), { all: true })
      // A name with one private address may be meant to lead there.
      if (places.length === 0 || !places.every(({ address }) => may(address))) {
        refuse(url, 'it leads to a private address')
      }
      const isOpen = places.every(({ address }) => isIn(open, address))
      refuseScheme(url, isOpen)
      return places[0] as Place
    },
  }
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}

/** An IPv4 address in the form of IPv6 is that address. RFC 4291 §2.5.5.2 */
function unmapped(address: string): string {
  const [, dotted] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  if (dotted !== undefined) return dotted
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address) ?? []
  if (high === undefined || low === undefined) return address
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return [a >> 8, a & 255, b >> 8, b & 255].join('.')
}
