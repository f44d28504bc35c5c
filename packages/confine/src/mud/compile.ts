import { type Direction, families, type IpFamily, type MatchPeer, toRuleLines } from './lines.ts'
import { type MudFile, type MudNote, type MudPeer, type MudRule, peerKey } from './mud-file.ts'

/** Where a device is in its network, and who there is meant by the words of a MUD file. */
export interface MudPlacement {
  /** Six octets in lower case, as `02:00:00:00:00:01`. */
  readonly mac: string
  /** Addresses that are the device’s now. */
  readonly addresses: readonly string[]
  readonly localNetworks: readonly string[]
  /** Addresses of those whom a class, a maker or a model means, by {@link peerKey}. */
  readonly peers: ReadonlyMap<string, readonly string[]>
}

/** Rules of nftables for one device, and the sets that somebody has to fill. */
export interface CompiledMud {
  /** For `nft -f`: one table, made anew; loaded whole or not at all. */
  readonly script: string
  readonly table: string
  /** By host name, the sets of its addresses. */
  readonly hosts: ReadonlyMap<string, { readonly ipv4: string; readonly ipv6: string }>
  readonly notes: readonly MudNote[]
}

/**
 * Compiles a file for one device of a network. The same file and placement make the same bytes. What a
 * file says reaches the script as a number, an address or a checked name, or in no way.
 */
export function compileMud(file: MudFile, placement: MudPlacement): CompiledMud {
  const table = `mud_${placement.mac.replaceAll(':', '')}`
  const sets = new Sets(placement)
  const notes: MudNote[] = []
  const chain = (direction: Direction, rules: readonly MudRule[]): string[] =>
    rules.flatMap(rule => toRuleLines(rule, direction, sets.match, notes))
  const from = chain('from', file.fromDevice)
  const to = chain('to', file.toDevice)
  const script = [
    `table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    ...sets.declarations().map(line => `  ${line}`),
    ...toChain('from_device', from),
    ...toChain('to_device', to),
    '  chain forward {',
    '    type filter hook forward priority 0; policy accept;',
    `    ether saddr ${placement.mac} goto from_device`,
    '    ip daddr @device4 goto to_device',
    '    ip6 daddr @device6 goto to_device',
    '  }',
    '}',
    '',
  ].join('\n')
  return { script, table, hosts: sets.hosts, notes }
}

function toChain(name: string, lines: readonly string[]): string[] {
  const whole = [...lines, 'counter drop comment "what the file does not allow"']
  return [`  chain ${name} {`, ...whole.map(line => `    ${line}`), '  }']
}

/** The named sets of one table, in the order in which its rules first ask for them. */
class Sets {
  readonly hosts = new Map<string, { readonly ipv4: string; readonly ipv6: string }>()
  readonly #placement: MudPlacement
  readonly #names = new Map<string, string>()

  constructor(placement: MudPlacement) {
    this.#placement = placement
  }

  readonly match: MatchPeer = (peer, family, side) => [
    `${families[family].keyword} ${side} @${this.#nameFor(peer, family)}`,
  ]

  #nameFor(peer: MudPeer, family: IpFamily): string {
    const key = peerKey(peer)
    const stem = this.#names.get(key) ?? `peer${this.#names.size + 1}_`
    this.#names.set(key, stem)
    if (peer.kind === 'host') this.hosts.set(peer.of, { ipv4: `${stem}4`, ipv6: `${stem}6` })
    return `${stem}${families[family].suffix}`
  }

  declarations(): string[] {
    const { addresses, localNetworks, peers } = this.#placement
    const own = declare('device', addresses, '')
    const named = [...this.#names].flatMap(([key, stem]) => {
      if (key === 'local-networks')
        return declare(stem, localNetworks, 'flags interval; auto-merge; ')
      if (key.startsWith('host ')) return declare(stem, [], 'flags timeout; ')
      return declare(stem, peers.get(key) ?? [], 'flags interval; auto-merge; ')
    })
    return [...own, ...named]
  }
}

function declare(stem: string, addresses: readonly string[], flags: string): string[] {
  return (['ipv4', 'ipv6'] as const).map(family => {
    const { suffix, type } = families[family]
    const own = addresses.filter(one => one.includes(':') === (family === 'ipv6'))
    const elements = own.length === 0 ? '' : `elements = { ${own.join(', ')} }; `
    return `set ${stem}${suffix} { type ${type}; ${flags}${elements}}`
  })
}
