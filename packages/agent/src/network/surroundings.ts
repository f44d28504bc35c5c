import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { type Network, parseAddress, toAddress } from '@steadfleet/confine'
import { placeNamed, type Surroundings } from '@steadfleet/confine/firewall'
import { readIfThere } from '../apps/files.ts'

/** The device's own addresses, loopback's and packages' links left out. */
export function ownNetworks(): { readonly address: string; readonly network: Network }[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    placeNamed(name) !== undefined
      ? []
      : addresses.flatMap(({ address, cidr, internal }) => {
          const network = internal || cidr === null ? undefined : networkOf(cidr)
          return network ? [{ address, network }] : []
        }),
  )
}

/** The network of an address with its prefix; none of link-local addresses, nor of one host alone. */
export function networkOf(cidr: string): Network | undefined {
  const [text = '', digits] = cidr.split('/')
  const address = parseAddress(text)
  if (address === undefined || /^fe[89ab]/i.test(text)) return undefined
  const bits = address.family === 'ipv4' ? 32 : 128
  const prefix = Number(digits)
  const rest = BigInt(bits - prefix)
  const first = { ...address, value: (address.value >> rest) << rest }
  return { kind: 'network', family: address.family, address: toAddress(first), prefix }
}

type Taken = Surroundings['taken'][number]

/** Ports on which something of the device itself listens. proc(5) */
export function takenPorts(): Taken[] {
  const files = ['tcp', 'tcp6', 'udp', 'udp6'].flatMap(name => {
    const protocol = name.startsWith('tcp') ? ('tcp' as const) : ('udp' as const)
    const text = readIfThere(`/proc/self/net/${name}`) ?? ''
    return listeningIn(text, protocol).map(port => ({ protocol, port }))
  })
  const byName = new Map(files.map(one => [`${one.protocol} ${one.port}`, one]))
  return [...byName.keys()].sort().flatMap(name => byName.get(name) ?? [])
}

/** The state of a listening socket of TCP, and of one of UDP that is not connected. */
const listening = { tcp: '0A', udp: '07' } as const

/** From here on the kernel gives ports to whoever asks for any: nobody is reached by such a number. */
const firstEphemeral = 32_768

/** The ports of a table of sockets at which others may ask; those that any socket may be given left out. */
export function listeningIn(text: string, protocol: Taken['protocol']): number[] {
  const lines = text.trim().split('\n').slice(1)
  return lines.flatMap(line => {
    const [, local = '', , state = ''] = line.trim().split(/\s+/)
    const port = Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16)
    return state === listening[protocol] && port > 0 && port < firstEphemeral ? [port] : []
  })
}

/** The device's resolvers, in their order. resolv.conf(5) */
export function resolversIn(text: string): string[] {
  const lines = text
    .split('\n')
    .map(line => /^\s*nameserver\s+([0-9a-fA-F.:]+)\s*$/.exec(line)?.[1])
  return lines
    .filter(one => one !== undefined && parseAddress(one) !== undefined)
    .slice(0, 3) as string[]
}

export function deviceResolvers(): string[] {
  return resolversIn(readFileSync('/etc/resolv.conf', 'utf8'))
}
