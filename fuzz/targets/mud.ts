import { compileMud, parseMud, readMud, toMudPicture, toMudRows } from '@steadfleet/confine/mud'
import { toJsonBytes } from '../seeds.ts'
import { Broken, type FuzzTarget, holds } from '../target.ts'

const placement = {
  mac: '02:00:00:00:00:01',
  addresses: ['10.0.0.2'],
  localNetworks: ['10.0.0.0/8'],
  peers: new Map<string, readonly string[]>(),
}

/** What a line of a compiled script may be made of: nothing that a file says ends a word of it. */
const line = /^[ A-Za-z0-9@_.:;,/={}!-]*(comment "[A-Za-z0-9 ._-]*")?$/

/** Readers of MUD files: both, and what is made of what they take. */
export const mudTarget: FuzzTarget = {
  name: 'confine-mud',
  format: 'mud',
  codes: ['json/', 'bytes/', 'confine/mud'],
  seeds: () => [
    toJsonBytes(example('ietf-access-control-list:acls')),
    toJsonBytes(example('ietf-access-control-list:access-lists')),
  ],
  read: bytes => {
    const { file } = readMud(bytes)
    const { script } = compileMud(file, placement)
    const odd = script.split('\n').find(one => !line.test(one))
    holds(odd === undefined, `a script of known words: ${odd}`)
    toMudRows(file)
    toMudPicture(file)
    const strict = strictly(bytes)
    holds(
      !strict || strict.fromDevice.length <= file.fromDevice.length,
      'the wild takes what is strict',
    )
  },
}

function strictly(bytes: Uint8Array) {
  try {
    return parseMud(bytes).file
  } catch (error) {
    if (error instanceof Broken) throw error
    return undefined
  }
}

function example(lists: string): object {
  const policy = (name: string) => ({ 'access-lists': { 'access-list': [{ name }] } })
  const ace = (name: string, matches: object) => ({
    name,
    matches,
    actions: { forwarding: 'accept' },
  })
  const entries = [
    ace('a', {
      ipv4: { protocol: 6, 'ietf-acldns:dst-dnsname': 'cloud.example' },
      tcp: {
        'destination-port': { operator: 'eq', port: 443 },
        'ietf-mud:direction-initiated': 'from-device',
      },
    }),
    ace('b', {
      'ietf-mud:mud': { controller: 'urn:ietf:params:mud:dns' },
      ipv4: { protocol: 17, 'destination-ipv4-network': '10.0.0.0/8' },
      udp: { 'source-port': { 'lower-port': 1, 'upper-port': 9 } },
    }),
    ace('c', { 'ietf-mud:mud': { 'local-networks': [null] }, icmp: { type: 8, code: 0 } }),
  ]
  return {
    'ietf-mud:mud': {
      'mud-version': 1,
      'mud-url': 'https://lamp.example/lamp',
      'last-update': '2026-11-21T00:00:00Z',
      'is-supported': true,
      systeminfo: 'A lamp',
      'from-device-policy': policy('f'),
      'to-device-policy': policy('t'),
    },
    [lists]: {
      acl: [
        { name: 'f', type: 'ipv4-acl-type', aces: { ace: entries } },
        { name: 't', type: 'ipv6-acl-type', aces: { ace: [] } },
      ],
    },
  }
}
