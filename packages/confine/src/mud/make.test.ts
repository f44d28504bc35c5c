import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkNeeds } from '../network/index.ts'
import { joinNeeds, parseMud, toMud, toMudRows } from './index.ts'

const description = {
  url: 'https://acme.example/mud/acme/box/3.json',
  lastUpdate: new Date('2026-11-21T12:00:00.500Z'),
  isSupported: true,
  signature: 'https://acme.example/mud/acme/box/3.p7s',
  about: { systeminfo: 'A box', 'mfg-name': 'Acme', documentation: 'https://acme.example/box' },
  sboms: [{ version: '3', url: 'https://acme.example/box/3.cdx.json' }],
  flaws: ['https://acme.example/box/vex.json'],
}

const made: [what: string, requests: object[], rows: string[]][] = [
  ['nothing', [], []],
  [
    'a host, by its name and the resolver',
    [{ interface: 'network', endpoints: [{ host: 'api.example.com', port: 443 }] }],
    [
      'in api.example.com TCP 443 device',
      'in the controller of class urn:ietf:params:mud:dns TCP 53 device',
      'in the controller of class urn:ietf:params:mud:dns UDP 53 either',
      'out api.example.com TCP 443 device',
      'out the controller of class urn:ietf:params:mud:dns TCP 53 device',
      'out the controller of class urn:ietf:params:mud:dns UDP 53 either',
    ],
  ],
  [
    'a network and a range of ports',
    [
      {
        interface: 'network',
        endpoints: [{ host: '192.0.2.0/24', port: '8000-8010', protocol: 'udp' }],
      },
    ],
    ['in 192.0.2.0/24 UDP 8000–8010 either', 'out 192.0.2.0/24 UDP 8000–8010 either'],
  ],
  [
    'ports that it listens on',
    [
      {
        interface: 'network-listen',
        ports: [
          { port: 8080, from: 'lan' },
          { port: 9000, from: 'device' },
        ],
      },
    ],
    ['in the local networks TCP its own 8080 peer', 'out the local networks TCP its own 8080 peer'],
  ],
  [
    'finding others by mDNS',
    [{ interface: 'network-lan', discovery: ['mdns'] }],
    [
      'in the local networks UDP 5353 either',
      'in the local networks UDP its own 5353 either',
      'out 224.0.0.251/32 UDP 5353 either',
      'out ff02::fb/128 UDP 5353 either',
      'out the local networks UDP 5353 either',
      'out the local networks UDP its own 5353 either',
    ],
  ],
]
for (const [what, requests, rows] of made) {
  test(`a file made of ${what} says so, and the strict reader takes it`, () => {
    const needs = networkNeeds(requests as { interface: string }[])
    const bytes = toMud(needs, description)
    const { file, notes } = parseMud(bytes)
    assert.deepEqual(notes, [])
    const said = toMudRows(file).map(({ direction, peer, protocol, ports, opens }) =>
      [direction, peer, protocol, ports, opens].join(' '),
    )
    assert.deepEqual([...new Set(said)].sort(), rows)
    assert.deepEqual(toMud(needs, description), bytes)
  })
}

test('a file says what it is of, where its signature is, what it consists of and what is wrong with it', () => {
  const { file } = parseMud(toMud(networkNeeds([]), description))
  assert.equal(file.url, description.url)
  assert.equal(file.signature, description.signature)
  assert.equal(file.lastUpdate.toISOString(), '2026-11-21T12:00:00.000Z')
  assert.equal(file.about['mfg-name'], 'Acme')
  assert.deepEqual(file.transparency, { sboms: description.sboms, flaws: description.flaws })
})

test('a file of everything that may be declared is still taken', () => {
  const endpoints = Array.from({ length: 1000 }, (_, i) => ({
    host: `h${i}.example.com`,
    port: 443,
  }))
  const { file } = parseMud(toMud(networkNeeds([{ interface: 'network', endpoints }]), description))
  assert.equal(file.fromDevice.length, 2 * 1002)
})

test('a description that makes no file is refused', () => {
  const wrong = { ...description, url: 'http://acme.example/box' }
  assert.throws(() => toMud(networkNeeds([]), wrong), { code: 'confine/mud' })
})

test('what packages need together is what each needs, once', () => {
  const of = (host: string) =>
    networkNeeds([{ interface: 'network', endpoints: [{ host, port: 443 }] } as never])
  const both = joinNeeds([of('b.example.com'), of('a.example.com'), of('b.example.com')])
  assert.deepEqual(both.names, ['a.example.com', 'b.example.com'])
  assert.equal(both.outbound.length, 2)
  const all = networkNeeds([{ interface: 'network' }])
  assert.equal(joinNeeds([all, of('a.example.com')]).outbound, 'anywhere')
})
