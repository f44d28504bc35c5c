import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePackageName } from '@steadfleet/domain'
import { AttemptWindow } from './attempts.ts'
import { difference, readCounts } from './denied.ts'
import { isolatedNow, nextOwnIsolation } from './isolation.ts'
import { listeningIn, networkOf, resolversIn } from './surroundings.ts'

const acme = parsePackageName('acme/camera')
const denied = (count: number, ...targets: [string, number][]) => ({
  count,
  byTarget: new Map(targets),
  excess: 0,
})

test('attempts are told soon at first, then once a minute, and at once from a threshold on', () => {
  const window = new AttemptWindow(acme)
  window.add(denied(0), 0)
  assert.equal(window.due(100_000), undefined)
  window.add(denied(4000, ['203.0.113.9:23/tcp', 4000]), 100_000)
  assert.equal(window.due(102_000), undefined)
  window.add(denied(100, ['203.0.113.10:23/tcp', 100]), 103_000)
  assert.deepEqual(window.due(104_000), {
    package: acme,
    count: 4100,
    windowSeconds: 4,
    target: '203.0.113.9:23/tcp',
    targetCount: 4000,
    targets: 2,
  })
  window.addName('a b\u001b.example', 105_000)
  assert.equal(window.due(110_000), undefined)
  assert.equal(window.due(110_000, 1)?.target, 'a?b?.example')
})

test('what was counted is the difference, also where a count began anew', () => {
  const before = new Map([
    ['denied', 10],
    ['203.0.113.9:23/tcp', 7],
    ['gone:1/udp', 3],
  ])
  const after = new Map([
    ['denied', 14],
    ['forged', 1],
    ['203.0.113.9:23/tcp', 4],
  ])
  const { count, byTarget } = difference(before, after)
  assert.equal(count, 5)
  assert.deepEqual([...byTarget], [['203.0.113.9:23/tcp', 4]])
})

test('what nft lists is read, and what it says beside is passed over', () => {
  const element = { elem: { val: { concat: ['2001:db8::9', 'tcp', 23] }, counter: { packets: 3 } } }
  const said = [
    'netlink: Error: Unknown set',
    JSON.stringify({ nftables: [{ metainfo: {} }, { counter: { name: 'denied', packets: 3 } }] }),
    JSON.stringify({ nftables: [{ set: { name: 'denied_ipv6', elem: [element] } }] }),
    JSON.stringify({ nftables: [{ set: { name: 'denied_ipv4' } }] }),
  ].join('\n')
  assert.deepEqual(
    [...readCounts(said)],
    [
      ['denied', 3],
      ['[2001:db8::9]:23/tcp', 3],
    ],
  )
})

test('what the device isolated stays so until an order has named it, and then does not', () => {
  const ordered = (...packages: string[]) => ({ packages: packages.map(parsePackageName) })
  const own = { [acme]: false }
  assert.deepEqual(nextOwnIsolation(own, {}), own)
  assert.deepEqual(nextOwnIsolation(own, ordered('acme/other')), own)
  const named = nextOwnIsolation(own, ordered(acme))
  assert.deepEqual(named, { [acme]: true })
  assert.deepEqual(nextOwnIsolation(named, ordered(acme)), named)
  assert.deepEqual(nextOwnIsolation(named, {}), {})
  assert.deepEqual(isolatedNow(own, ordered('acme/a')).packages, ['acme/a', acme])
})

test('ports on which the device listens are read; those that anybody may be given are none', () => {
  const line = (local: string, state: string) => `   0: ${local} 00000000:0000 ${state} 0`
  const text = [
    'head',
    line('0100007F:0016', '0A'),
    line('00000000:1F90', '01'),
    line('00000000:C000', '0A'),
  ].join('\n')
  assert.deepEqual(listeningIn(text, 'tcp'), [22])
})

test('networks and resolvers of the device', () => {
  assert.equal(networkOf('192.0.2.77/24')?.address, '192.0.2.0')
  assert.equal(networkOf('2001:db8::77/64')?.address, '2001:db8::')
  assert.equal(networkOf('fe80::1/64'), undefined)
  assert.deepEqual(
    resolversIn('# x\nnameserver 192.0.2.1\n nameserver ::1 \nnameserver $(reboot)\n'),
    ['192.0.2.1', '::1'],
  )
})
