import { toAddress } from '../network/index.ts'

/**
 * Where a package stands in its device's network: one link between its own network namespace and the
 * device, an address of its own at the one end, and the same address of the device at each other.
 */
export interface Place {
  /** The device's end of the link, the name of the namespace, and the name of the table. */
  readonly link: string
  readonly ipv4: string
  readonly ipv6: string
}

/** The device's end of every link: where a package asks for names. */
export const gateway = '198.19.255.254'
export const gateway6 = 'fe80::1'

/** Networks for trying out equipment, which no other network has. RFC 2544 §C.2.2, RFC 6890 */
export const placesNetwork = { address: '198.18.0.0', prefix: 15 } as const
/** A range of unique local addresses. RFC 4193 */
export const placesNetwork6 = { address: 'fd5f:1ee7:5afe::', prefix: 48 } as const

/** All but the last block of 256 addresses, of which one is the gateway. */
export const mostPlaces = 2 ** 17 - 256

const first4 = 0xc612_0000n
const first6 = 0xfd5f_1ee7_5afe_0000_0000_0000_0000_0000n
const prefix = 'sfapp'

/** The place with a number from 0 to {@link mostPlaces}: two packages of one machine share none. */
export function placeOf(number: number): Place {
  if (!Number.isInteger(number) || number < 0 || number >= mostPlaces) {
    throw new RangeError(`cannot place a package at ${number}: there are ${mostPlaces} places`)
  }
  return {
    link: `${prefix}${number}`,
    ipv4: toAddress({ family: 'ipv4', value: first4 + BigInt(number) }),
    ipv6: toAddress({ family: 'ipv6', value: first6 + BigInt(number) + 1n }),
  }
}

/** The number of the place whose link has this name; undefined for every other name. */
export function placeNamed(link: string): number | undefined {
  const [, digits] = /^sfapp(0|[1-9]\d{0,5})$/.exec(link) ?? []
  const number = Number(digits)
  return digits !== undefined && number < mostPlaces ? number : undefined
}

/** Every link of a package, as nftables compares names. */
export const everyLink = `${prefix}*`
