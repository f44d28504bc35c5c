import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DeviceId, sumTallies } from '@steadfleet/domain'
import { rolloutWithId } from '../store/rollout-store.ts'
import { evening, inFleet, noon } from '../testing/test-rollout.ts'
import { raiseSilence } from './silence.ts'
import { steerRollout } from './steer-rollout.ts'

test('a large fleet is moved in doubling waves, and halted by evidence after few devices', () =>
  inFleet(200, async fleet => {
    const rollout = await fleet.start()
    const waves: number[] = []
    for (let wave = 0; wave < 8 && (await fleet.stateOf(rollout)) === 'running'; wave += 1) {
      const ordered = await fleet.in(rollout, 'ordered')
      waves.push(ordered.length)
      // The canary does well; of the others every fourth goes back.
      for (const [i, device] of ordered.entries()) {
        await fleet.say(device, wave > 0 && i % 4 === 0 ? 'restored' : 'committed')
      }
    }
    const { why, findings, tallies } = await rolloutWithId(fleet.db, rollout)
    assert.deepEqual(waves.slice(0, 2), [1, 1])
    assert.match(why, /^\d+ of \d+ devices went back, where 1 % may$/)
    assert.equal(findings[0]?.kind, 'rolled back')
    const { waiting, recalled, ordered } = sumTallies(tallies)
    assert.ok(waiting > 150)
    assert.equal(ordered, 0)
    assert.deepEqual(await fleet.revisionsOf('recalled'), Array(recalled).fill(1))
  }))

test('who resumes has accepted what was seen, and the same again halts anew', () =>
  inFleet(200, async fleet => {
    const rollout = await fleet.start()
    const halt = async (): Promise<void> => {
      for (let i = 0; i < 200 && (await fleet.stateOf(rollout)) === 'running'; i += 1) {
        const [device] = await fleet.in(rollout, 'ordered')
        assert.ok(device)
        const isFirst = (await fleet.in(rollout, 'done')).length === 0
        await fleet.say(device, isFirst ? 'committed' : 'restored')
      }
    }
    await halt()
    assert.equal(await fleet.stateOf(rollout), 'halted')
    const failedAt = (await fleet.in(rollout, 'rolled back')).length
    await steerRollout(fleet.db, { rollout, event: 'resume', by: 'ada', now: noon })
    assert.equal(await fleet.stateOf(rollout), 'running')
    await halt()
    assert.equal(await fleet.stateOf(rollout), 'halted')
    assert.ok((await fleet.in(rollout, 'rolled back')).length > failedAt)
  }))

test('a device that was away when its turn came holds nobody up, and is heard when it is back', () =>
  inFleet(120, async fleet => {
    const gone = fleet.devices.slice(50, 60)
    await fleet.hear(fleet.devices.filter(device => !gone.includes(device)))
    await raiseSilence(fleet.db, { fleet: 'home', before: noon, now: evening })
    const rollout = await fleet.start({ now: evening })
    for (let i = 0; i < 120 && (await fleet.stateOf(rollout)) === 'running'; i += 1) {
      for (const device of await fleet.in(rollout, 'ordered')) await fleet.say(device, 'committed')
    }
    const { state, why } = await rolloutWithId(fleet.db, rollout)
    assert.deepEqual([state, why], ['done', 'every device has spoken but 10 not heard of'])
    assert.deepEqual((await fleet.in(rollout, 'away')).toSorted(), gone)
    const [back] = gone as [DeviceId]
    await fleet.say(back, 'committed')
    assert.equal((await fleet.in(rollout, 'away')).length, 9)
    assert.equal((await fleet.in(rollout, 'done')).length, 111)
  }))

test('silence after an order is evidence, and a crash after success is too', () =>
  inFleet(120, async fleet => {
    const rollout = await fleet.start()
    for (let i = 0; i < 5; i += 1) {
      for (const device of await fleet.in(rollout, 'ordered')) await fleet.say(device, 'committed')
    }
    const done = await fleet.in(rollout, 'done')
    for (const device of done.slice(0, 3)) await fleet.say(device, 'committed', 'crash')
    const ordered = await fleet.in(rollout, 'ordered')
    await fleet.hear(fleet.devices.filter(device => !ordered.includes(device)))
    await raiseSilence(fleet.db, { fleet: 'home', before: noon, now: evening })
    const { findings, state } = await rolloutWithId(fleet.db, rollout)
    const seen = new Map(findings.map(finding => [finding.kind, finding.seen]))
    assert.equal(seen.get('crashed'), 3)
    assert.ok((seen.get('silent') ?? 0) > 5)
    assert.equal(state, 'halted')
  }))

test('a cancelled rollout calls back who has not spoken; who took it all the same is not counted', () =>
  inFleet(120, async fleet => {
    const rollout = await fleet.start()
    const [canary] = (await fleet.in(rollout, 'ordered')) as [DeviceId]
    await fleet.say(canary, 'committed')
    const [second] = (await fleet.in(rollout, 'ordered')) as [DeviceId]
    await steerRollout(fleet.db, { rollout, event: 'cancel', by: 'ada', now: noon })
    assert.deepEqual(await fleet.in(rollout, 'recalled'), [second])
    assert.deepEqual(await fleet.revisionsOf('recalled'), [1])
    assert.deepEqual(await fleet.revisionsOf('done'), [2])
    await fleet.say(second, 'committed')
    assert.deepEqual(await fleet.in(rollout, 'recalled'), [second])
  }))

test('a halt calls back the silent too; what a recalled device says of a failure is heard, and resuming puts the rest back in turn', () =>
  inFleet(120, async fleet => {
    const rollout = await fleet.start()
    for (let i = 0; i < 2; i += 1) {
      for (const device of await fleet.in(rollout, 'ordered')) await fleet.say(device, 'committed')
    }
    const ordered = await fleet.in(rollout, 'ordered')
    const [mute, broken] = ordered.slice(-2) as [DeviceId, DeviceId]
    await fleet.hear(fleet.devices.filter(device => device !== mute))
    await raiseSilence(fleet.db, { fleet: 'home', before: noon, now: evening })
    const failing = ordered.slice(0, -2)
    for (const device of failing) {
      if ((await fleet.stateOf(rollout)) === 'running') await fleet.say(device, 'restored')
    }
    assert.equal(await fleet.stateOf(rollout), 'halted')
    assert.deepEqual(await fleet.in(rollout, 'silent'), [mute])
    assert.ok((await fleet.in(rollout, 'recalled')).includes(broken))
    for (const state of ['silent', 'recalled'] as const) {
      assert.ok((await fleet.revisionsOf(state)).every(revision => revision === 1))
    }
    await fleet.say(broken, 'restored', 'probation')
    assert.ok((await fleet.in(rollout, 'rolled back')).includes(broken))
    await steerRollout(fleet.db, { rollout, event: 'resume', by: 'ada', now: noon })
    assert.deepEqual(await fleet.in(rollout, 'recalled'), [])
    assert.deepEqual(await fleet.in(rollout, 'silent'), [])
    assert.deepEqual(await fleet.in(rollout, 'away'), [mute])
    assert.deepEqual(await fleet.revisionsOf('away'), [2])
    assert.equal(await fleet.stateOf(rollout), 'running')
  }))
