import { deepEqual, equal, throws } from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseAddress, toAddress } from './address.ts'
import { isUnreachable, parseHost, parsePorts } from './hosts.ts'
import { hasNetwork, networkNeeds, noNeeds } from './needs.ts'

test('addresses are read where Node reads them, and written as RFC 5952 says', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), text => {
      const address = parseAddress(text)
      // Dotted tails in IPv6 are legal and not taken: nothing here writes them.
      if (!address) return text.includes('.') && text.includes(':')
      const canonical = isIP(text) === 6 ? new URL(`http://[${text}]/`).hostname.slice(1, -1) : text
      return toAddress(address) === canonical
    }),
    { numRuns: 2000 },
  )
})

test('a text that is no address is none', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '::g',
  ]) {
    equal(parseAddress(text), undefined, text)
  }
})

test('hosts are exact names, addresses and networks', () => {
  deepEqual(parseHost('API.Example.com.'), { kind: 'name', name: 'api.example.com' })
  deepEqual(parseHost('192.0.2.0/24'), {
    kind: 'network',
    family: 'ipv4',
    address: '192.0.2.0',
    prefix: 24,
  })
  deepEqual(parseHost('2001:DB8:0::1'), {
    kind: 'network',
    family: 'ipv6',
    address: '2001:db8::1',
    prefix: 128,
  })
})

const badHosts = [
  '*.example.com',
  '*',
  'localhost',
  'a.localhost',
  'example',
  'exa mple.com',
  'a..b',
  '-a.example',
  'host.1234',
  '300.1.2.3',
  '1.2.3.4.5',
  'bücher.example',
  'a.example;reboot',
  'a.example\nb',
  '127.0.0.1',
  '::1',
  '0.0.0.0/0',
  '::/0',
  '169.254.169.254',
  'fe80::1',
  '224.0.0.1',
  '255.255.255.255',
  '192.0.2.1/24',
  '192.0.2.0/33',
  '192.0.2.0/-1',
  '192.0.2.0/',
  '192.0.2.0/24/8',
  `${'a'.repeat(64)}.example`,
  `${'a.'.repeat(127)}example`,
  '::ffff:7f00:1',
  '',
]

test('what is no host, or the device itself, is refused with its code, in one line', () => {
  for (const text of badHosts) {
    throws(
      () => parseHost(text),
      ({ code, message }) => code === 'confine/host' && !message.includes('\n'),
      text,
    )
  }
})

test('ports are 1 to 65535, and a range ends after it begins', () => {
  deepEqual(parsePorts(443), { from: 443, to: 443 })
  deepEqual(parsePorts('8000-8010'), { from: 8000, to: 8010 })
  for (const value of [
    '8010-8000',
    '0',
    0,
    65_536,
    '1-65536',
    'http',
    '1-2-3',
    '-1',
    '1-',
    ' 1',
    1.5,
    Number.NaN,
  ]) {
    throws(() => parsePorts(value), { code: 'confine/ports' }, `${value}`)
  }
})

test('addresses that no name may lead to', () => {
  for (const one of [
    '127.1.2.3',
    '::1',
    '::',
    '0.0.0.0',
    '169.254.169.254',
    '::ffff:a00:1',
    'no address',
  ]) {
    equal(isUnreachable(one), true, one)
  }
  for (const one of ['192.0.2.1', '10.0.0.1', '2001:db8::1', 'fd00::1'])
    equal(isUnreachable(one), false, one)
})

const requests = [
  {
    interface: 'network',
    endpoints: [
      { host: 'b.example.com', port: 443 },
      { host: 'a.example.com', port: '8000-8010', protocol: 'udp' },
      { host: 'B.example.com', port: 443, protocol: 'tcp' },
    ],
  },
  { interface: 'network-listen', ports: [{ port: { setting: 'port' }, from: ['192.0.2.0/24'] }] },
  { interface: 'network-lan', discovery: ['ssdp', 'mdns'], endpoints: [{ port: 1883 }] },
  { interface: 'dns', names: ['pool.example.org'] },
  { interface: 'camera' },
] as const

test('requests become needs, in one order and nothing twice', () => {
  const needs = networkNeeds(requests, { port: 8080 })
  deepEqual(needs.names, ['a.example.com', 'b.example.com', 'pool.example.org'])
  deepEqual(needs.discovery, ['mdns', 'ssdp'])
  deepEqual(needs.lan, [{ ports: { from: 1883, to: 1883 }, protocol: 'tcp' }])
  deepEqual(
    (needs.outbound as readonly { host: { name?: string } }[]).map(({ host }) => host.name),
    ['a.example.com', 'b.example.com'],
  )
  deepEqual(needs.listen, [
    {
      ports: { from: 8080, to: 8080 },
      protocol: 'tcp',
      from: [{ kind: 'network', family: 'ipv4', address: '192.0.2.0', prefix: 24 }],
    },
  ])
  deepEqual(networkNeeds(requests.toReversed(), { port: 8080 }), needs)
})

test('a release from before members is read as it was meant', () => {
  const needs = networkNeeds([{ interface: 'network' }, { interface: 'network-listen' }])
  deepEqual([needs.outbound, needs.listen, needs.names], ['anywhere', 'any port', 'anything'])
})

test('nothing requested is no network', () => {
  deepEqual(networkNeeds([{ interface: 'camera' }]), noNeeds)
  equal(hasNetwork(noNeeds), false)
  equal(hasNetwork(networkNeeds([{ interface: 'dns', names: ['a.example.com'] }])), true)
})

test('a port that is no number, a name that connects, an address to look up: refused', () => {
  const listen = (port: unknown, from?: unknown) => [
    { interface: 'network-listen', ports: [{ port, from }] },
  ]
  throws(() => networkNeeds(listen({ setting: 'port' })), { code: 'confine/ports' })
  throws(() => networkNeeds(listen(80, ['a.example.com'])), { code: 'confine/host' })
  throws(() => networkNeeds([{ interface: 'dns', names: ['192.0.2.1'] } as const]), {
    code: 'confine/host',
  })
})
