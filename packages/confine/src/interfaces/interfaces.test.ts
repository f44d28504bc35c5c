import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { InterfaceRequest } from '@steadfleet/domain'
import { effectOf, faultsInRequest, faultsTogether, openedRequests } from './request.ts'
import { interfaceNames, interfaces } from './table.ts'

const endpoint = { host: 'api.example.com', port: 443 }

/** `faults`: the place of each, and a word of it. */
const requests: [
  what: string,
  request: InterfaceRequest,
  faults: [path: string, word: RegExp][],
][] = [
  ['anywhere', { interface: 'network', endpoints: 'anywhere' }, []],
  ['a host', { interface: 'network', reason: 'it asks', endpoints: [endpoint] }, []],
  ['no members', { interface: 'network' }, [['', /list its endpoints/]]],
  ['no ports', { interface: 'network-listen', reason: 'x' }, [['', /list its ports/]]],
  [
    'a member that is none',
    { interface: 'network', endpoints: 'anywhere', ports: [1] },
    [['/ports', /is not known here/]],
  ],
  [
    'a wildcard, in its place',
    { interface: 'network', endpoints: [endpoint, { host: '*.example.com', port: 1 }] },
    [['/endpoints/1', /wildcards are not names/]],
  ],
  [
    'ports upside down',
    { interface: 'network-listen', ports: [{ port: '90-80' }] },
    [['/ports/0', /ends before it begins/]],
  ],
  [
    'too many endpoints',
    { interface: 'network', endpoints: Array.from({ length: 10_000 }, () => endpoint) },
    [['/endpoints', /at most 1000/]],
  ],
  [
    'the port of a setting',
    { interface: 'network-listen', ports: [{ port: { setting: 'port' } }] },
    [],
  ],
  [
    'the port of a setting that there is not',
    { interface: 'network-listen', ports: [{ port: { setting: 'door' } }] },
    [['/ports/0', /setting door/]],
  ],
  ['a USB device', { interface: 'usb', devices: [{ vendor: '0403', product: '6001' }] }, []],
  [
    'a USB device of no number',
    { interface: 'usb', devices: [{ vendor: '403' }] },
    [['/devices/0/vendor', /must match/]],
  ],
  ['a serial port', { interface: 'serial-port', ports: ['ttyUSB0'] }, []],
  [
    'a serial port elsewhere',
    { interface: 'serial-port', ports: ['../mem'] },
    [['/ports/0', /must match/]],
  ],
  ['a pattern of bus names', { interface: 'dbus', talks: ['org.*'] }, [['/talks/0', /must match/]]],
  ['nothing to share', { interface: 'content' }, [['', /at least 1/]]],
  [
    'a folder for another package',
    {
      interface: 'content',
      offers: [{ name: 'photos', with: ['acme/viewer'] }],
      takes: [{ from: 'acme/camera', name: 'photos', access: 'write' }],
    },
    [],
  ],
  ['a screen by no protocol', { interface: 'display' }, [['', /protocol/]]],
  ['an interface that there is not: its reader says so', { interface: 'teleport' }, []],
]
for (const [what, request, faults] of requests) {
  test(`a request with ${what} has ${faults.length} faults`, () => {
    const found = faultsInRequest(request, { port: 80 })
    assert.deepEqual(
      found.map(({ path }) => path),
      faults.map(([path]) => path),
    )
    for (const [i, [, word]] of faults.entries()) assert.match(found[i]?.message ?? '', word)
  })
}

describe('a device', () => {
  test('opens what counts and what it knows, in order, without reasons', () => {
    const requested = ['teleport', 'network-listen', 'network', 'dns'].map(name => ({
      interface: name,
      reason: 'why not',
    }))
    assert.deepEqual(openedRequests(requested, ['network', 'teleport', 'network-listen']), [
      { interface: 'network' },
      { interface: 'network-listen' },
    ])
  })
  test('opens nothing by a name that every object has', () => {
    assert.deepEqual(openedRequests([{ interface: 'constructor' }], ['constructor']), [])
    const code = 'confine/unknown-interface'
    assert.throws(() => effectOf({ interface: 'constructor' }), { code })
  })
  test('reads requests of before there were members', () => {
    for (const name of ['network', 'network-listen']) {
      assert.equal(effectOf({ interface: name }).network, true)
    }
  })
  test('passes over members that are newer than itself, and refuses those that are wrong', () => {
    assert.ok(effectOf({ interface: 'network', endpoints: 'anywhere', quietly: true }).network)
    const wrong = { interface: 'network', endpoints: 7 }
    assert.throws(() => effectOf(wrong), { code: 'confine/request' })
  })
})

test('every interface says what it opens, what the danger is, and which test shows it', () => {
  assert.deepEqual(interfaceNames, Object.keys(interfaces).sort())
  for (const { title, opens, danger, test: path } of Object.values(interfaces)) {
    assert.match(`${title}: ${opens}; ${danger}`, /^.{3,}: .{10,}; .{5,}$/)
    assert.match(path, /^packages\/[a-z/-]+\.test\.ts$/)
  }
})

test('the device’s own network and a firewalled one exclude each other', () => {
  const network = { interface: 'network', endpoints: 'anywhere' }
  assert.deepEqual(faultsTogether([network, { interface: 'camera' }]), [])
  const [fault] = faultsTogether([network, { interface: 'camera' }, { interface: 'can-bus' }])
  assert.equal(fault?.path, '/2')
})
