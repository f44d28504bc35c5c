import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RolloutPolicy } from '@steadfleet/domain'
import { rolloutWithId } from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'
import { evening, inFleet, noon } from '../testing/test-rollout.ts'
import { setRollouts } from './fleet.ts'
import { type Steer, steerRollout, wakeRollouts } from './steer-rollout.ts'

const small = [{ percent: 100, 'max-failures': 0 }]

describe('a rollout that a second person is to approve', () => {
  test('orders nobody until somebody else than who made it says so', () =>
    inFleet(3, async fleet => {
      await follow(fleet.db, { approval: true })
      const rollout = await fleet.start()
      const { state, why, by } = await rolloutWithId(fleet.db, rollout)
      assert.deepEqual([state, why, by], ['draft', 'waits for a second person', 'ada'])
      await refused(steer(fleet.db, rollout, 'approve', 'ada'), 'rollout/not-a-second-person')
      await refused(steer(fleet.db, rollout, 'start', 'bob'), 'rollout/wrong-state')
      await steer(fleet.db, rollout, 'approve', 'bob')
      const approved = await rolloutWithId(fleet.db, rollout)
      assert.deepEqual([approved.state, approved.approvedBy], ['running', 'bob'])
      assert.equal((await fleet.in(rollout, 'ordered')).length, 1)
      await refused(steer(fleet.db, rollout, 'approve', 'bob'), 'rollout/wrong-state')
    }))

  test('ends nothing that runs before it is approved, and everything older once it is', () =>
    inFleet(3, async fleet => {
      const running = await fleet.start()
      await follow(fleet.db, { approval: true })
      const draft = await fleet.start()
      assert.equal(await fleet.stateOf(running), 'running')
      await steer(fleet.db, draft, 'approve', 'bob')
      assert.deepEqual(
        [await fleet.stateOf(running), await fleet.stateOf(draft)],
        ['cancelled', 'running'],
      )
    }))

  test('may be cancelled, and is over', () =>
    inFleet(1, async fleet => {
      await follow(fleet.db, { approval: true })
      const draft = await fleet.start()
      await steer(fleet.db, draft, 'cancel', 'ada')
      await refused(steer(fleet.db, draft, 'approve', 'bob'), 'rollout/wrong-state')
    }))
})

describe('a rollout with a time to start', () => {
  test('is scheduled, begins when the time has come, and not before', () =>
    inFleet(3, async fleet => {
      const rollout = await fleet.start({ startsAt: evening })
      assert.equal(await fleet.stateOf(rollout), 'scheduled')
      assert.equal(await wakeRollouts(fleet.db, { now: '2026-11-21T17:59:59Z' }), 0)
      assert.equal(await wakeRollouts(fleet.db, { now: evening }), 1)
      assert.equal(await fleet.stateOf(rollout), 'running')
      assert.equal((await fleet.in(rollout, 'ordered')).length, 1)
      assert.equal(await wakeRollouts(fleet.db, { now: evening }), 0)
    }))

  test('may be started earlier by a person, or cancelled, and is not woken any more', () =>
    inFleet(3, async fleet => {
      const early = await fleet.start({ startsAt: evening })
      await steer(fleet.db, early, 'start', 'ada')
      assert.equal(await fleet.stateOf(early), 'running')
      const never = await fleet.start({ startsAt: evening })
      await steer(fleet.db, never, 'cancel', 'ada')
      assert.equal(await wakeRollouts(fleet.db, { now: evening }), 0)
      assert.equal(await fleet.stateOf(early), 'running')
    }))

  test('begins at once where that time is over, and is scheduled by who approves it', () =>
    inFleet(3, async fleet => {
      const late = await fleet.start({ startsAt: '2026-11-21T11:00:00Z' })
      assert.equal(await fleet.stateOf(late), 'running')
      await follow(fleet.db, { approval: true })
      const draft = await fleet.start({ startsAt: evening })
      await steer(fleet.db, draft, 'approve', 'bob')
      assert.equal(await fleet.stateOf(draft), 'scheduled')
    }))
})

test('a phase that soaks holds the next one until its time is over', () =>
  inFleet(3, async fleet => {
    const phases = [{ count: 1, 'max-failures': 0, 'soak-seconds': 600 }, ...small]
    const rollout = await fleet.start({ phases })
    const [canary] = await fleet.in(rollout, 'ordered')
    assert.ok(canary)
    await fleet.say(canary, 'committed')
    assert.deepEqual(await fleet.in(rollout, 'ordered'), [])
    assert.equal((await rolloutWithId(fleet.db, rollout)).soaksUntil, '2026-11-21T12:10:00Z')
    await wakeRollouts(fleet.db, { now: '2026-11-21T12:09:59Z' })
    assert.deepEqual(await fleet.in(rollout, 'ordered'), [])
    await wakeRollouts(fleet.db, { now: '2026-11-21T12:10:00Z' })
    assert.equal((await fleet.in(rollout, 'ordered')).length, 2)
  }))

describe('the policy of a fleet', () => {
  test('has rollouts take its phases, and those of a channel before them', () =>
    inFleet(4, async fleet => {
      const edge = [{ percent: 50, 'at-once': 1 }, { percent: 100 }]
      await follow(fleet.db, { phases: small, channels: { 'latest/edge': { phases: edge } } })
      const rows = [
        ['latest/stable', small],
        ['latest/edge', edge],
      ] as const
      for (const [channel, phases] of rows) {
        const rollout = await fleet.start({ channel })
        assert.deepEqual((await rolloutWithId(fleet.db, rollout)).phases, phases)
      }
    }))

  test('has one that mends a flaw somebody has go another way than one that mends none', async () => {
    const policy = { approval: true, security: { approval: false, phases: small } }
    await inFleet(
      2,
      async fleet => {
        await follow(fleet.db, policy)
        assert.equal(await fleet.stateOf(await fleet.start()), 'running')
        // Now nobody has it any more.
        await fleet.db.updateTable('device_package').set({ revision: 2 }).execute()
        assert.equal(await fleet.stateOf(await fleet.start()), 'draft')
      },
      { securityRevision: 2 },
    )
  })

  for (const [policy, end] of [
    [{ halting: { 'rolled back': 0.25 } }, 'done'],
    [{}, 'halted'],
  ] as const satisfies readonly (readonly [RolloutPolicy, string])[]) {
    test(`has the halting test let pass what it says: ${JSON.stringify(policy)} is ${end}`, () =>
      inFleet(200, async fleet => {
        await follow(fleet.db, policy)
        const rollout = await fleet.start({ phases: [{ percent: 100 }] })
        for (let wave = 0; wave < 20; wave += 1) {
          for (const [i, device] of (await fleet.in(rollout, 'ordered')).entries()) {
            await fleet.say(device, i % 5 === 0 ? 'restored' : 'committed')
          }
        }
        assert.equal(await fleet.stateOf(rollout), end)
      }))
  }
})

function follow(db: Db, policy: RolloutPolicy): Promise<void> {
  return setRollouts(db, { fleet: 'home', policy })
}

function steer(db: Db, rollout: number, event: Steer, by: string): Promise<void> {
  return steerRollout(db, { rollout, event, by, now: noon })
}

function refused(deed: Promise<unknown>, code: string): Promise<void> {
  return assert.rejects(deed, { code })
}
