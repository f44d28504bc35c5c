import { createHash } from 'node:crypto'
import { type GatewayDevice, type GatewayPlan, type KeptElement, wordOf } from './gateway-plan.ts'
import { families, type IpFamily, type MatchPeer } from './lines.ts'
import { type MudPeer, peerKey } from './mud-file.ts'

const nobody = '0x7fffffff'
const each = Object.entries(families) as [IpFamily, (typeof families)[IpFamily]][]

/** The sets of a gateway’s table: who has which address, and who is meant by the words of files. */
export class Gateway {
  readonly hosts = new Map<string, { readonly ipv4: string; readonly ipv6: string }>()
  readonly #plan: GatewayPlan
  readonly marks: ReadonlyMap<string, string>
  /** By name of the set, its declaration: rules ask for them one by one. */
  readonly #asked = new Map<string, string>()

  constructor(plan: GatewayPlan) {
    this.#plan = plan
    this.marks = marksOf(plan.devices.map(({ mac }) => mac))
  }

  /** The number that a packet of this device bears while it is judged. */
  markOf(mac: string): string {
    return this.marks.get(mac) ?? nobody
  }

  /** How the peers of one device’s rules are matched. */
  matchFor(device: GatewayDevice): MatchPeer {
    return (peer, family, side) => {
      const { keyword, suffix } = families[family]
      const group = this.#groupOf(peer, device)
      if (!group) return [`${keyword} ${side} @${this.#setFor(peer, family, device)}`]
      const stem = group.length === 0 ? 'nobody' : digestWord(group.join(' '))
      const macs = this.#ask(`macs_${stem}`, 'ether_addr', '', group)
      const marks = this.#ask(
        `marks_${stem}`,
        'mark',
        '',
        group.map(mac => this.markOf(mac)),
      )
      const owner = `meta mark set ${keyword} ${side} map @owner${suffix}`
      return [`ether ${side} @${macs}`, `${owner} meta mark @${marks}`]
    }
  }

  /** The devices that a peer means, where it means devices of this network. RFC 8520 §8 */
  #groupOf(peer: MudPeer, { mac, file }: GatewayDevice): string[] | undefined {
    const named = (test: (url: string) => boolean) =>
      this.#plan.devices.flatMap(one =>
        one.file && one.mac !== mac && test(one.file.url) ? [one.mac] : [],
      )
    switch (peer.kind) {
      case 'same-manufacturer':
        return named(url => authorityOf(url) === authorityOf(file?.url ?? ''))
      case 'manufacturer':
        return named(url => authorityOf(url) === peer.of.toLowerCase())
      case 'model':
        return named(url => url === peer.of)
      default:
        return undefined
    }
  }

  #setFor(peer: MudPeer, family: IpFamily, { controllers }: GatewayDevice): string {
    const { suffix, type } = families[family]
    if (peer.kind === 'local-networks') return `local${suffix}`
    const key = peerKey(peer)
    if (peer.kind === 'host') {
      const stem = `host_${digestWord(key)}_`
      this.hosts.set(peer.of, { ipv4: `${stem}4`, ipv6: `${stem}6` })
      for (const [, one] of each) this.#askHost(`${stem}${one.suffix}`, one.type)
      return `${stem}${suffix}`
    }
    const own = ofFamily(controllers.get(key) ?? [], family)
    const stem = digestWord([key, ...own].join(' '))
    return this.#ask(`peer_${stem}_${suffix}`, type, 'flags interval; auto-merge; ', own)
  }

  #ask(name: string, type: string, flags: string, elements: readonly string[]): string {
    this.#asked.set(name, setText(name, type, flags, elements))
    return name
  }

  #askHost(name: string, type: string): void {
    const kept = keptTexts(this.#plan.kept.get(name))
    this.#ask(name, type, 'flags timeout; size 4096; ', kept)
  }

  declarations(): string[] {
    const { devices, kept, localNetworks, ownAddresses, dhcpServers } = this.#plan
    const dhcp = ['255.255.255.255', 'ff02::1:2', ...ownAddresses, ...dhcpServers]
    const lines = each.flatMap(([family, { suffix, type }]) => [
      this.#owners(`owner${suffix}`, type, family, kept.get(`owner${suffix}`)),
      setText(
        `local${suffix}`,
        type,
        'flags interval; auto-merge; ',
        ofFamily(localNetworks, family),
      ),
      setText(`own${suffix}`, type, '', ofFamily(ownAddresses, family)),
      setText(`dhcp${suffix}`, type, '', [...new Set(ofFamily(dhcp, family))]),
    ])
    const verdicts = (name: string, type: string, chain: string, key: (mac: string) => string) => {
      const elements = devices.map(({ mac }) => `${key(mac)} : goto ${chain}_${wordOf(mac)}`)
      return `map ${name} { type ${type} : verdict; ${elementsText(elements)}}`
    }
    return [
      ...lines,
      verdicts('from_macs', 'ether_addr', 'from', mac => mac),
      verdicts('to_macs', 'ether_addr', 'to', mac => mac),
      verdicts('to_marks', 'mark', 'to', mac => this.markOf(mac)),
      ...devices.flatMap(({ mac }) => watchSets(wordOf(mac))),
      ...[...this.#asked].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text),
    ]
  }

  /** Whose an address is: fixed ones for good, others as they were learned. */
  #owners(name: string, type: string, family: IpFamily, kept: readonly KeptElement[] = []): string {
    const { devices, ownAddresses } = this.#plan
    const fixed = new Map([
      ...devices.flatMap(({ mac, addresses }) =>
        ofFamily(addresses, family).map(one => [one, this.markOf(mac)] as const),
      ),
      ...ofFamily(ownAddresses, family).map(one => [one, nobody] as const),
    ])
    const marks = new Set(this.marks.values())
    const learned = kept.flatMap(({ element, seconds }) => {
      const [address = '', mark = ''] = element.split(' : ')
      if (fixed.has(address) || !marks.has(mark)) return []
      return [`${address} timeout 1h expires ${seconds}s : ${mark}`]
    })
    const elements = [...[...fixed].map(([address, mark]) => `${address} : ${mark}`), ...learned]
    return `map ${name} { type ${type} : mark; flags dynamic,timeout; size 65535; ${elementsText(elements)}}`
  }
}

function watchSets(word: string): string[] {
  return [
    ...['out', 'in'].flatMap(way =>
      each.map(
        ([, { suffix, type }]) =>
          `set ${way}${suffix}_${word} { type ${type} . inet_proto . inet_service; flags dynamic,timeout; timeout 1m; size 256; counter; }`,
      ),
    ),
    ...['out', 'in', 'spoof'].map(name => `counter ${name}_${word} { }`),
  ]
}

function setText(name: string, type: string, flags: string, elements: readonly string[]): string {
  return `set ${name} { type ${type}; ${flags}${elementsText(elements)}}`
}

function elementsText(elements: readonly string[]): string {
  return elements.length === 0 ? '' : `elements = { ${elements.join(', ')} }; `
}

function keptTexts(kept: readonly KeptElement[] = []): string[] {
  return kept.map(({ element, seconds }) => `${element} timeout ${seconds}s`)
}

function ofFamily(addresses: readonly string[], family: IpFamily): string[] {
  return addresses.filter(one => one.includes(':') === (family === 'ipv6'))
}

/** A number for each MAC address that stays its own when others come and go. */
function marksOf(macs: readonly string[]): Map<string, string> {
  const taken = new Set([0, Number(nobody)])
  const marks = new Map<string, string>()
  for (const mac of [...macs].sort()) {
    let mark = Number.parseInt(digestWord(mac).slice(0, 7), 16)
    while (taken.has(mark)) mark += 1
    taken.add(mark)
    marks.set(mac, `0x${mark.toString(16).padStart(8, '0')}`)
  }
  return marks
}

function digestWord(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** Who made a device, by the authority of its file’s URL. RFC 8520 §8 */
function authorityOf(url: string): string {
  return /^https:\/\/([^/?#]*)/.exec(url)?.[1]?.toLowerCase() ?? ''
}
