import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Learned, learnNeeds } from './index.ts'

const lamp = '02:00:00:00:00:01'
const router = '02:00:00:00:00:ff'
const own = '192.168.1.50'

const macBytes = (mac: string) => mac.split(':').map(one => Number.parseInt(one, 16))
const two = (value: number) => [value >> 8, value & 255]

/** A frame with a packet of IPv4 with a segment. */
function frame(
  from: string,
  to: string,
  protocol: 'tcp' | 'udp',
  body: number[],
  isOut: boolean,
  tag: number[] = [],
) {
  const macs = isOut ? [router, lamp] : [lamp, router]
  const addresses = [from, to].flatMap(one => one.split('.').map(Number))
  const number = protocol === 'tcp' ? 6 : 17
  const ip = [0x45, 0, ...two(20 + body.length), 0, 0, 0, 0, 64, number, 0, 0, ...addresses]
  return [...macs.flatMap(macBytes), ...tag, 8, 0, ...ip, ...body]
}

const tcp = (from: number, to: number, flags: number) => [
  ...[...two(from), ...two(to), 0, 0, 0, 0, 0, 0, 0, 0, 0x50, flags, 0, 0, 0, 0, 0, 0],
]
const udp = (from: number, to: number, payload: number[] = [0]) => [
  ...[...two(from), ...two(to), ...two(8 + payload.length), 0, 0, ...payload],
]
const syn = 2
const synAck = 0x12

function talk(peer: string, port: number, protocol: 'tcp' | 'udp' = 'tcp', local = 40_000) {
  const [open, answer] =
    protocol === 'tcp'
      ? [tcp(local, port, syn), tcp(port, local, synAck)]
      : [udp(local, port), udp(port, local)]
  return [frame(own, peer, protocol, open, true), frame(peer, own, protocol, answer, false)]
}

function visit(peer: string, port: number) {
  return [
    frame(peer, own, 'tcp', tcp(50_000, port, syn), false),
    frame(own, peer, 'tcp', tcp(port, 50_000, synAck), true),
  ]
}

/** A resolver’s answer: a name is an address. */
function named(name: string, address: string) {
  const labels = name.split('.').flatMap(one => [one.length, ...Buffer.from(one)])
  const question = [...labels, 0, 0, 1, 0, 1]
  const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)]
  const answer = [0, 7, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, ...question, ...record]
  return [
    frame(own, '192.168.1.1', 'udp', udp(41_000, 53), true),
    frame('192.168.1.1', own, 'udp', udp(53, 41_000, answer), false),
  ]
}

const word = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24]
const pcap = (frames: number[][]) =>
  Uint8Array.from([
    ...[...word(0xa1b2c3d4), 2, 0, 4, 0, ...word(0), ...word(0), ...word(65_535), ...word(1)],
    ...frames.flatMap(one => [
      ...word(0),
      ...word(0),
      ...word(one.length),
      ...word(one.length),
      ...one,
    ]),
  ])

function block(kind: number, body: number[]) {
  const padded = [...body, ...Array((4 - (body.length % 4)) % 4).fill(0)]
  const length = word(padded.length + 12)
  return [...word(kind), ...length, ...padded, ...length]
}
const pcapng = (frames: number[][]) =>
  Uint8Array.from([
    ...block(0x0a0d0d0a, [...word(0x1a2b3c4d), 1, 0, 0, 0, ...Array(8).fill(255)]),
    ...block(1, [1, 0, 0, 0, ...word(65_535)]),
    ...block(5, [1, 2, 3, 4]),
    ...frames.flatMap(one =>
      block(6, [
        ...word(0),
        ...word(0),
        ...word(0),
        ...word(one.length),
        ...word(one.length),
        ...one,
      ]),
    ),
  ])

const seen: [
  what: string,
  frames: number[][],
  needs: Partial<Learned['needs']>,
  notes: RegExp[],
][] = [
  [
    'a connection to a host that it looked up',
    [...named('cloud.lamp.example', '203.0.113.9'), ...talk('203.0.113.9', 443)],
    {
      outbound: [
        {
          host: { kind: 'name', name: 'cloud.lamp.example' },
          ports: { from: 443, to: 443 },
          protocol: 'tcp',
        },
      ],
      names: ['cloud.lamp.example'],
    },
    [],
  ],
  [
    'a connection to a bare address, behind a VLAN',
    talk('203.0.113.9', 123, 'udp').map(one => [
      ...one.slice(0, 12),
      0x81,
      0,
      0,
      7,
      ...one.slice(12),
    ]),
    {
      outbound: [
        {
          host: { kind: 'network', family: 'ipv4', address: '203.0.113.9', prefix: 32 },
          ports: { from: 123, to: 123 },
          protocol: 'udp',
        },
      ],
    },
    [/no name/],
  ],
  [
    'others that come to it, near and far',
    [...visit('192.168.1.77', 8080), ...visit('203.0.113.9', 8443)],
    {
      listen: [
        { ports: { from: 8080, to: 8080 }, protocol: 'tcp', from: 'lan' },
        { ports: { from: 8443, to: 8443 }, protocol: 'tcp', from: 'anywhere' },
      ],
    },
    [],
  ],
  [
    'a scan that nobody answers, and the usual',
    [
      frame(own, '198.51.100.7', 'tcp', tcp(40_001, 23, syn), true),
      frame('0.0.0.0', '255.255.255.255', 'udp', udp(68, 67), true),
      frame(own, '224.0.0.251', 'udp', udp(5353, 5353), true),
      frame(own, '239.1.2.3', 'udp', udp(9999, 9999), true),
      ...talk('192.168.1.9', 1883),
    ],
    { discovery: ['mdns'], lan: [{ ports: { from: 1883, to: 1883 }, protocol: 'tcp' }] },
    [/tried 198\.51\.100\.7 tcp 23.*left out/, /group 239\.1\.2\.3/],
  ],
]
for (const [what, frames, needs, notes] of seen) {
  test(`what a device needs is learned from ${what}`, () => {
    const nothing = { outbound: [], listen: [], lan: [], discovery: [], names: [] }
    for (const bytes of [pcap(frames), pcapng(frames)]) {
      const learned = learnNeeds(bytes, lamp)
      assert.deepEqual(learned.needs, { ...nothing, ...needs })
      assert.equal(learned.notes.length, notes.length)
      for (const note of notes)
        assert.ok(
          learned.notes.some(one => note.test(one)),
          `${note}`,
        )
    }
  })
}

describe('a capture', () => {
  const good = pcap(talk('203.0.113.9', 443))
  const changed = (at: number, bytes: number[]) => {
    const copy = Uint8Array.from(good)
    copy.set(bytes, at)
    return copy
  }
  const wrong: [what: string, bytes: Uint8Array][] = [
    ['of nothing', new Uint8Array()],
    ['that is a picture', new TextEncoder().encode(`\x89PNG${'x'.repeat(100)}`)],
    ['of another link', changed(20, [113])],
    ['of a packet of four gigabytes', changed(32, [255, 255, 255, 255])],
    ['of a block of no length', Uint8Array.from([...pcapng([]), 6, 0, 0, 0, ...Array(12).fill(0)])],
    [
      'of a packet longer than its block',
      Uint8Array.from([
        ...pcapng([]),
        ...block(6, [...Array(12).fill(0), ...word(99), ...word(99)]),
      ]),
    ],
    [
      'of a packet of no card',
      Uint8Array.from([...pcapng([]), ...block(6, [...word(9), ...Array(16).fill(0)])]),
    ],
    ['in which the device says nothing', pcap([])],
    [
      'of a scan that is answered everywhere',
      pcap(Array.from({ length: 4200 }, (_, i) => talk(`198.51.${i >> 8}.${i & 255}`, 23)).flat()),
    ],
  ]
  for (const [what, bytes] of wrong) {
    test(`${what} is refused`, () => {
      assert.throws(() => learnNeeds(bytes, lamp), { code: 'confine/capture' })
    })
  }

  test('that ends in the middle of a packet gives those before it', () => {
    assert.equal(learnNeeds(good.subarray(0, -5), lamp).frames, 1)
  })
})
