import type { Denied } from './watch.ts'

/** What a gateway tells: one line of JSON each. docs/formats/gateway.md */
export type GatewayEvent = (
  | { readonly event: 'ready'; readonly devices: number }
  | { readonly event: 'loaded' | 'file' | 'fault' | 'quarantined' | 'released' }
  | { readonly event: 'name' | 'refused'; readonly name: string }
  | ({ readonly event: 'denied' } & Denied)
) & {
  readonly text: string
  readonly device?: string
  readonly mac?: string
  readonly code?: string
}

const deeds = {
  out: 'tried to reach',
  in: 'was to be reached from',
  spoof: 'sent from an address that is not its own',
} as const

/** What was denied, in words. */
export function deniedText(device: string, denied: Denied): string {
  const { way, address, protocol, port, packets, seconds } = denied
  const others = way === 'spoof' ? '' : ' others'
  const what = address === undefined ? others : ` ${address}`
  const by = [protocol, port].filter(one => one !== undefined).join(' ')
  return `${device} ${deeds[way]}${what}${by && ` ${by}`}: ${packets} packets in ${seconds} s`
}
