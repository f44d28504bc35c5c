import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type IsolationPolicy, parsePackageName } from '@steadfleet/domain'
import type { NewEvent } from '../report/outbox.ts'
import { AttemptWindow } from './attempts.ts'
import { difference, readCounts } from './denied.ts'
import { Isolating } from './isolating.ts'
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

describe('what is cut', () => {
  const ordered: { now: IsolationPolicy } = { now: { 'denied-per-minute': 10 } }
  const told: NewEvent[] = []
  const cut: IsolationPolicy[] = []
  let folder: string
  const open = () =>
    Isolating.open({
      path: join(folder, 'isolated.json'),
      ordered: () => ordered.now,
      isolate: async isolation => void cut.push(isolation),
      tell: async event => void told.push(event),
    })
  const tried = (count: number) => ({
    ...{ package: acme, count, windowSeconds: 4 },
    ...{ target: '203.0.113.9:23/tcp', targetCount: count, targets: 1 },
  })
  const newest = () => [told.at(-1)?.code, told.at(-1)?.details?.isolated]
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'steadfleet-isolating-'))
  })
  after(() => rm(folder, { recursive: true }))

  test('by the device itself is so in its next life, until an order knows of it and does not want it', async () => {
    const first = await open()
    await first.heed()
    await first.attempted(tried(9))
    assert.deepEqual([first.own, newest()], [{}, ['network/denied', undefined]])
    await first.attempted(tried(10))
    const id = first.own[acme] ?? assert.fail('it is isolated')
    assert.deepEqual(cut.at(-1)?.packages, [acme])
    const next = await open()
    await next.attempted(tried(1_234_567))
    assert.deepEqual([next.own, newest()], [{ [acme]: id }, ['network/denied', true]])
    assert.match(
      told.at(-1)?.message ?? '',
      /^acme\/camera tried 203\.0\.113\.9:23\/tcp, 1,234,567 times in 4 s$/,
    )
    ordered.now = { known: [id], packages: [acme] }
    await next.heed()
    assert.deepEqual([next.own, cut.at(-1)?.packages], [{ [acme]: id }, [acme]])
    ordered.now = { known: [id] }
    await next.heed()
    assert.deepEqual([(await open()).own, cut.at(-1)?.packages], [{}, []])
  })

  test('by an agent that gave it no name is so still, under one', async () => {
    await writeFile(join(folder, 'isolated.json'), JSON.stringify({ [acme]: false }))
    const { own } = await open()
    assert.match(own[acme] ?? '', /^[0-9a-f]{16}$/)
    await writeFile(join(folder, 'isolated.json'), '{}')
  })

  test('by an order is not begun once more by the device', async () => {
    ordered.now = { 'denied-per-minute': 10, packages: [acme] }
    const isolating = await open()
    await isolating.heed()
    await isolating.attempted(tried(50))
    assert.deepEqual([isolating.own, newest()], [{}, ['network/denied', true]])
  })
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
