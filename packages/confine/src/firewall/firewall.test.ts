import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { networkNeeds, noNeeds } from '../network/index.ts'
import {
  mostPlaces,
  placeNamed,
  placeOf,
  toAddresses,
  toFirewall,
  toGuard,
  toInnerTable,
  toIsolation,
  toRemoval,
  toSurroundings,
} from './index.ts'

const isRoot = process.getuid?.() === 0
const place = placeOf(12)

const requests = [
  {
    interface: 'network',
    endpoints: [
      { host: 'api.example.com', port: 443 },
      { host: 'time.example.com', port: '8000-8010', protocol: 'udp' },
      { host: '203.0.113.0/24', port: 443 },
      { host: '203.0.113.128/25', port: 443 },
      { host: '2001:db8::/32', port: 443 },
    ],
  },
  {
    interface: 'network-listen',
    ports: [
      { port: 8080 },
      { port: 9000, protocol: 'udp', from: 'lan' },
      { port: 9001, from: 'device' },
      { port: 9002, from: ['192.0.2.0/24', '2001:db8::/32'] },
    ],
  },
  { interface: 'network-lan', endpoints: [{ port: 1883 }] },
] as const

const looking = { interface: 'network-lan', discovery: ['mdns', 'ssdp'] }

describe('the firewall of a package', () => {
  test('is the same text for the same needs, in whatever order they were written', () => {
    const one = toFirewall(networkNeeds(requests), place)
    assert.equal(toFirewall(networkNeeds(requests.toReversed()), place), one)
    assert.notEqual(toFirewall(networkNeeds(requests), placeOf(13)), one)
  })

  test('holds no name, whatever it is', () => {
    const text = toFirewall(networkNeeds(requests), place)
    assert.doesNotMatch(text, /example/)
  })

  test('lets out nothing where nothing is asked for', () => {
    const text = toFirewall(noNeeds, place)
    const leaving = text.slice(text.indexOf('chain leaving'), text.indexOf('chain arriving'))
    assert.deepEqual(leaving.match(/accept|goto \w+/g), ['accept', 'goto denied'])
  })

  test('leads to the groups of services only what may look for them', () => {
    assert.match(toFirewall(networkNeeds([looking]), place), /chain finding \{/)
    assert.doesNotMatch(toFirewall(networkNeeds(requests), place), /finding/)
    const ports = [{ family: 'ipv4', asked: { mdns: 4002 }, heard: 4003 }] as const
    const text = toSurroundings(place, { discovery: ports, local: [], taken: [] })
    assert.match(text, /ip daddr 224\.0\.0\.251 udp dport 5353/)
    assert.doesNotMatch(text, /239\.255|1900|ip6/)
  })

  for (const count of [1000, 10_000]) {
    test(`of ${count} endpoints is compiled in less than two seconds`, () => {
      const endpoints = Array.from({ length: count }, (_, i) => ({
        host: i % 2 ? `host-${i}.example.com` : `10.${(i >> 8) & 255}.${i & 255}.0/24`,
        port: 1 + (i % 60_000),
      }))
      const needs = networkNeeds([{ interface: 'network', endpoints }])
      const begun = performance.now()
      const text = toFirewall(needs, place)
      assert.ok(performance.now() - begun < 2000)
      assert.equal(text.match(/goto allowed/g)?.length, count * 1.5)
    })
  }
})

test('places have links and addresses of their own, and are known by their links', () => {
  assert.deepEqual(placeOf(0), { link: 'sfapp0', ipv4: '198.18.0.0', ipv6: 'fd5f:1ee7:5afe::1' })
  assert.equal(placeOf(mostPlaces - 1).ipv4, '198.19.254.255')
  assert.throws(() => placeOf(mostPlaces), RangeError)
  assert.equal(placeNamed('sfapp130815'), 130_815)
  for (const name of ['sfapp', 'sfapp01', 'sfapp130816', 'sfapp-1', 'eth0', 'sfapp1 ']) {
    assert.equal(placeNamed(name), undefined, name)
  }
})

describe('nft', { skip: !isRoot && 'needs root' }, () => {
  const local = [{ kind: 'network', family: 'ipv4', address: '192.0.2.0', prefix: 24 }] as const
  const resolver = { udp: 4000, tcp: 4001 }
  const taken = [{ protocol: 'tcp', port: 22 }] as const
  const address = { set: 'tcp_443_names_ipv4', address: '192.0.2.7', seconds: 60 }

  const finding = toFirewall(networkNeeds([looking]), place)
  const discovery = [
    { family: 'ipv4', asked: { mdns: 4002, ssdp: 4003 }, heard: 4004 },
    { family: 'ipv6', asked: { mdns: 4005 }, heard: 4006 },
  ] as const

  const loads: [what: string, text: string][] = [
    ['a whole firewall', toFirewall(networkNeeds(requests), place)],
    ['a firewall of nothing', toFirewall(noNeeds, place)],
    ['one of before ports were declared', toFirewall(networkNeeds(bare()), place)],
    ['surroundings', `${whole()}${toSurroundings(place, { resolver, local, taken })}`],
    ['no surroundings', `${whole()}${toSurroundings(place, { local: [], taken: [] })}`],
    ['what it looks for', `${finding}${toSurroundings(place, { discovery, local, taken })}`],
    [
      'nothing found any more',
      `${finding}${toSurroundings(place, { discovery: [], local, taken })}`,
    ],
    ['isolation and its end', `${whole()}${toIsolation(place, true)}${toIsolation(place, false)}`],
    [
      'an address twice',
      `${whole()}${toAddresses(place, [address])}${toAddresses(place, [address])}`,
    ],
    ['a table within', toInnerTable(place)],
    ['a guard', toGuard(['ipv4', 'ipv6'])],
    ['a removal of what is not there', toRemoval(place.link)],
    ['a removal', `${whole()}${toRemoval(place.link)}`],
  ]
  for (const [what, text] of loads) {
    test(`loads ${what}`, t => {
      const { status, stderr } = load(t, text)
      assert.equal(status, 0, stderr)
    })
  }

  test('loads nothing of a text of which one line is wrong', t => {
    const { stdout } = load(t, `${whole()}nonsense\n`)
    assert.equal(stdout, '')
  })
})

test('a release from before ports were declared takes nothing of the device’s own loopback', () => {
  const text = toFirewall(networkNeeds(bare()), place)
  const here = text.indexOf('chain publish_here {')
  assert.ok(here > 0)
  assert.match(text.slice(text.indexOf('chain publish {'), here), /dnat ip to/)
  assert.doesNotMatch(text.slice(here), /dnat/)
})

function whole(): string {
  return toFirewall(networkNeeds(requests), place)
}

function bare() {
  return [{ interface: 'network' }, { interface: 'network-listen' }]
}

/** Has nft load a text twice, as an agent that starts anew does, in a network of the test's own. */
function load(t: { after: (work: () => void) => void }, text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-nft-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'rules')
  writeFileSync(file, text)
  const script = 'nft -f "$0"; code=$?; nft -f "$0" 2>/dev/null; nft list ruleset; exit $code'
  return spawnSync('unshare', ['--net', 'sh', '-c', script, file], {
    encoding: 'utf8',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  })
}
