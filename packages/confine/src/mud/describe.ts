import type { MudFile, MudPeer, MudRule, PortRange } from './mud-file.ts'

/** One line of the table of who may talk to whom. */
export interface MudRow {
  readonly direction: 'out' | 'in'
  readonly peer: string
  readonly protocol: string
  /** The other end’s ports, or the device’s own where the other end’s are free. */
  readonly ports: string
  readonly opens: 'device' | 'peer' | 'either'
  readonly action: MudRule['action']
}

/** The table of a file, each line once, in its order. */
export function toMudRows({ fromDevice, toDevice }: MudFile): MudRow[] {
  const rows = [
    ...fromDevice.map(rule => rowOf(rule, 'out')),
    ...toDevice.map(rule => rowOf(rule, 'in')),
  ]
  const byText = new Map(rows.map(row => [JSON.stringify(row), row] as const))
  return [...byText.values()]
}

const names: Readonly<Record<number, string>> = {
  1: 'ICMP',
  2: 'IGMP',
  6: 'TCP',
  17: 'UDP',
  58: 'ICMPv6',
}

function rowOf(rule: MudRule, direction: MudRow['direction']): MudRow {
  const { protocol, initiator, family, etherType } = rule
  const ether = etherType === undefined ? 'Ethernet' : `Ethernet 0x${etherType.toString(16)}`
  const byNumber = protocol === undefined ? 'any' : (names[protocol] ?? `protocol ${protocol}`)
  return {
    direction,
    peer: rule.peers.map(peerText).join(', ') || 'anybody',
    protocol: family === 'ethernet' ? ether : byNumber,
    ports: portsText(rule),
    opens: initiator ?? 'either',
    action: rule.action,
  }
}

const plainPeers: Readonly<Record<string, string>> = {
  'local-networks': 'the local networks',
  'same-manufacturer': 'devices of the same maker',
  'my-controller': 'its own controller',
}

/** A peer in words. */
export function peerText(peer: MudPeer): string {
  if (!('of' in peer)) return plainPeers[peer.kind] ?? peer.kind
  if (peer.kind === 'controller') return `the controller of class ${peer.of}`
  if (peer.kind === 'manufacturer') return `devices of ${peer.of}`
  return peer.kind === 'model' ? `devices of model ${peer.of}` : peer.of
}

function portsText({ peerPorts, devicePorts }: MudRule): string {
  if (peerPorts) return rangeText(peerPorts)
  return devicePorts ? `its own ${rangeText(devicePorts)}` : 'any'
}

function rangeText({ from, to, isOutside }: PortRange): string {
  const range = from === to ? `${from}` : `${from}–${to}`
  return isOutside ? `all but ${range}` : range
}

/** A picture of who talks to whom, as a Mermaid flow chart. */
export function toMudPicture(file: MudFile): string {
  const rows = toMudRows(file).filter(({ action }) => action === 'accept')
  const peers = [...new Set(rows.map(({ peer }) => peer))]
  const nodes = peers.map((peer, i) => `  p${i}["${safe(peer)}"]`)
  const arrows = peers.flatMap((peer, i) => {
    const own = rows.filter(row => row.peer === peer)
    const label = (direction: MudRow['direction']) =>
      [...new Set(own.filter(row => row.direction === direction).map(labelOf))].join(', ')
    const [out, into] = [label('out'), label('in')]
    return [
      ...(out === '' ? [] : [`  device -->|"${safe(out)}"| p${i}`]),
      ...(into === '' ? [] : [`  p${i} -->|"${safe(into)}"| device`]),
    ]
  })
  const device = `  device(["${safe(file.about.systeminfo ?? file.url)}"])`
  return ['flowchart LR', device, ...nodes, ...arrows, ''].join('\n')
}

function labelOf({ protocol, ports }: MudRow): string {
  return ports === 'any' ? protocol : `${protocol} ${ports}`
}

/** No text of a file ends a label. */
function safe(text: string): string {
  return text.replaceAll(/["<>&#|[\]{}\\]/g, ' ').slice(0, 200)
}
