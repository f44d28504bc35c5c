import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, test } from 'node:test'
import { isCoded, toUtf8 } from '@steadfleet/base'
import {
  compileMud,
  diffMud,
  type MudPlacement,
  parseMud,
  readMud,
  toMudPicture,
  toMudRows,
} from './index.ts'

const shared = '../shared/data/mud'
const real = globSync(`${shared}/**/*.json`).sort()
const nft = '/usr/sbin/nft'

const whyNoKernel =
  nftIn('').status !== 0 && 'nft, or a network of its own, is not to be had on this machine'

const placement: MudPlacement = {
  mac: '02:00:00:00:00:01',
  addresses: ['192.168.1.50', 'fd00::50'],
  localNetworks: ['192.168.1.0/24', 'fd00::/64'],
  peers: new Map([['controller urn:ietf:params:mud:dns', ['192.168.1.1', 'fd00::1']]]),
}

describe('a MUD file as it is found', {
  skip: real.length === 0 && `${shared} is not there`,
}, () => {
  for (const path of real) {
    test(`${basename(path)} is read, shown and compiled`, () => {
      const { file } = readMud(readFileSync(path))
      const rows = toMudRows(file)
      assert.equal(rows.length > 0, file.fromDevice.length + file.toDevice.length > 0)
      assert.match(toMudPicture(file), /^flowchart LR\n {2}device/)
      const compiled = compileMud(file, placement)
      assert.equal(compileMud(readMud(readFileSync(path)).file, placement).script, compiled.script)
    })
  }

  test('is taken by the kernel when it is compiled', { skip: whyNoKernel }, () => {
    for (const path of real) {
      const { status, stderr } = nftIn(
        compileMud(readMud(readFileSync(path)).file, placement).script,
      )
      assert.equal(status, 0, `${path}: ${stderr}`)
    }
    assert.notEqual(nftIn('table inet odd {').status, 0)
  })

  test('stands as the RFC has it, or what is odd about it is told', () => {
    const strict = real.filter(path => outcomeOf(readFileSync(path)) === 'read')
    for (const path of real) {
      const { notes } = readMud(readFileSync(path))
      assert.ok(strict.includes(path) || notes.length > 0, path)
    }
    assert.ok(strict.length > 0 && strict.length < real.length, `${strict.length} are strict`)
  })
})

describe('a MUD file', () => {
  test('says who may talk to whom, over which ports, and who begins', () => {
    const { file } = parseMud(toUtf8(JSON.stringify(lamp())))
    assert.deepEqual(toMudRows(file), [
      {
        direction: 'out',
        peer: 'cloud.lamp.example',
        protocol: 'TCP',
        ports: '443',
        opens: 'device',
        action: 'accept',
      },
      {
        direction: 'in',
        peer: 'cloud.lamp.example',
        protocol: 'TCP',
        ports: '443',
        opens: 'device',
        action: 'accept',
      },
    ])
    const { script, hosts } = compileMud(file, placement)
    assert.deepEqual(hosts.get('cloud.lamp.example'), { ipv4: 'peer1_4', ipv6: 'peer1_6' })
    assert.match(script, /ip daddr @peer1_4 meta l4proto 6 tcp dport 443 counter accept/)
    assert.match(script, /ip saddr @peer1_4 .* tcp sport 443 ct state established,related counter/)
  })

  test('differs from another by what it says and whom it lets in', () => {
    const before = parseMud(toUtf8(JSON.stringify(lamp()))).file
    const other = lamp({ 'is-supported': false })
    const [list] = other['ietf-access-control-list:acls'].acl
    const port = { operator: 'eq', port: 8883 }
    set(list!.aces.ace[0]!.matches.tcp, 'destination-port', port)
    const after = parseMud(toUtf8(JSON.stringify(other))).file
    const { about, added, removed } = diffMud(before, after)
    assert.deepEqual(about, [{ what: 'is-supported', before: 'true', after: 'false' }])
    assert.deepEqual(
      [added.map(one => one.ports), removed.map(one => one.ports)],
      [['8883'], ['443']],
    )
    assert.deepEqual(diffMud(before, before), { about: [], added: [], removed: [] })
  })

  const bad: [what: string, change: (file: Lamp) => unknown, code: string, why: RegExp][] = [
    ['without a version', ({ mud }) => delete mud['mud-version'], 'confine/mud', /mud-version/],
    ['of another version', ({ mud }) => set(mud, 'mud-version', 2), 'confine/mud', /must be 1/],
    [
      'with a plain URL',
      ({ mud }) => set(mud, 'mud-url', 'http://a.example'),
      'confine/mud',
      /https/,
    ],
    ['with a word of no module', ({ mud }) => set(mud, 'colour', 'red'), 'confine/mud', /colour/],
    ['good for a year', ({ mud }) => set(mud, 'cache-validity', 8760), 'confine/mud', /168/],
    [
      'of no day',
      ({ mud }) => set(mud, 'last-update', '2026-02-31T25:00:00Z'),
      'confine/mud',
      /day/,
    ],
    ['that names no list', ({ from }) => set(from, 'name', 'x'), 'confine/mud', /not there/],
    [
      'of ports upside down',
      ({ tcp }) => set(tcp, 'destination-port', upsideDown),
      'confine/mud',
      /upside down/,
    ],
    ['of a port beyond', ({ tcp }) => set(tcp, 'destination-port', beyond), 'confine/mud', /65535/],
    [
      'with a shell in a name',
      ({ ip }) => set(ip, dst, '$(reboot).example'),
      'confine/mud',
      /host name/,
    ],
    ['with a line in a name', ({ ip }) => set(ip, dst, 'a.example\n}'), 'confine/mud', /host name/],
    ['with a wildcard', ({ ip }) => set(ip, dst, '*.example'), 'confine/mud', /host name/],
    ['of two protocols', ({ ip }) => set(ip, 'protocol', 17), 'confine/mud', /at once/],
    [
      'that says where the device is',
      ({ ip }) => set(ip, 'source-ipv4-network', '10.0.0.1'),
      'confine/mud',
      /device itself/,
    ],
    [
      'of an odd network',
      ({ ip }) => set(ip, 'destination-ipv4-network', '10.0.0.0/33'),
      'confine/mud',
      /network/,
    ],
  ]
  for (const [what, change, code, why] of bad) {
    test(`${what} is refused, with where and why`, () => {
      const file = lamp()
      const [list] = file['ietf-access-control-list:acls'].acl
      const { matches } = list!.aces.ace[0]!
      const mud = file['ietf-mud:mud'] as Members
      const [from] = file['ietf-mud:mud']['from-device-policy']['access-lists']['access-list']
      change({
        mud,
        from: from as Members,
        tcp: matches.tcp as Members,
        ip: matches.ipv4 as Members,
      })
      assert.throws(
        () => parseMud(toUtf8(JSON.stringify(file))),
        (error: unknown) =>
          isCoded(error, code) && why.test(String(error)) && !/\n/.test(error.message),
      )
    })
  }

  test('of eight thousand endpoints is read, of more refused; of megabytes refused unread', () => {
    const file = lamp()
    const [list] = file['ietf-access-control-list:acls'].acl
    const [entry] = list!.aces.ace
    const grow = (count: number) => {
      list!.aces.ace = Array.from({ length: count }, (_, i) => ({ ...entry!, name: `e${i}` }))
      return toUtf8(JSON.stringify(file))
    }
    const { file: read } = parseMud(grow(8190))
    assert.equal(read.fromDevice.length, 8190)
    for (const count of [8193, 10_001]) {
      assert.throws(() => parseMud(grow(count)), { code: 'confine/mud' })
    }
    assert.throws(() => parseMud(new Uint8Array(5_000_000)), { code: 'json/size' })
    assert.throws(() => parseMud(toUtf8('{"a":1,"a":2}')), { code: 'json/duplicate-key' })
  })

  test('with an entry that makes no sense allows less in the wild, never more', () => {
    const file = lamp()
    const [list] = file['ietf-access-control-list:acls'].acl
    const [entry] = list!.aces.ace
    const odd = { ...entry!, name: 'odd', matches: { ...entry!.matches, mpls: {} } }
    list!.aces.ace = [odd, entry!] as never
    const { file: read, notes } = readMud(toUtf8(JSON.stringify(file)))
    assert.equal(read.fromDevice.length, 1)
    assert.ok(notes.some(({ path, message }) => /ace\/0/.test(path) && /left out/.test(message)))
  })
})

const dst = 'ietf-acldns:dst-dnsname'
const upsideDown = { 'lower-port': 9, 'upper-port': 8 }
const beyond = { operator: 'eq', port: 70_000 }

type Members = Record<string, unknown>
interface Lamp {
  readonly mud: Members
  readonly from: Members
  readonly tcp: Members
  readonly ip: Members
}

function set(members: Members, key: string, value: unknown): void {
  members[key] = value
}

function lamp(more: object = {}) {
  const entry = (name: string, end: 'src' | 'dst', port: 'source-port' | 'destination-port') => ({
    name,
    matches: {
      ipv4: { protocol: 6, [`ietf-acldns:${end}-dnsname`]: 'cloud.lamp.example' },
      tcp: {
        [port]: { operator: 'eq', port: 443 },
        'ietf-mud:direction-initiated': 'from-device',
      } as Members,
    },
    actions: { forwarding: 'accept' },
  })
  const list = (name: string, one: ReturnType<typeof entry>) => ({
    name,
    type: 'ipv4-acl-type',
    aces: { ace: [one] },
  })
  const policy = (name: string) => ({ 'access-lists': { 'access-list': [{ name }] } })
  return {
    'ietf-mud:mud': {
      'mud-version': 1,
      'mud-url': 'https://lamp.example/lamp.json',
      'last-update': '2026-11-21T00:00:00Z',
      'cache-validity': 48,
      'is-supported': true,
      systeminfo: 'A lamp',
      'from-device-policy': policy('from'),
      'to-device-policy': policy('to'),
      ...more,
    },
    'ietf-access-control-list:acls': {
      acl: [
        list('from', entry('cloud-out', 'dst', 'destination-port')),
        list('to', entry('cloud-in', 'src', 'source-port')),
      ],
    },
  }
}

function outcomeOf(bytes: Uint8Array): 'read' | 'refused' {
  try {
    parseMud(bytes)
    return 'read'
  } catch (error) {
    assert.ok(isCoded(error, 'confine/mud'), String(error))
    return 'refused'
  }
}

/** Loads a script into the kernel, in a network of the test's own. */
function nftIn(script: string) {
  const own = process.geteuid?.() === 0 ? '-n' : '-rn'
  return spawnSync('unshare', [own, nft, '-f', '-'], { input: script, encoding: 'utf8' })
}
