import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { TrustError } from '@steadfleet/trust'
import { AgentError } from '../error.ts'
import type { World } from '../world.ts'
import { type NewEvent, Outbox } from './outbox.ts'
import { RefusalReporter } from './refusals.ts'

const hour = 3_600_000
const rollback = (offered: number): TrustError =>
  new TrustError('trust/rollback', `cannot accept timestamp ${offered}: already trust 99`, {
    what: 'timestamp',
    held: 99,
    offered,
  })

describe('a refusal', () => {
  test('is told once an hour, and then with how often it was not told', async () => {
    const { report, told, wait } = makeReporter()
    for (let i = 0; i < 5; i++) await report(rollback(1))
    wait(hour - 1)
    await report(rollback(1))
    wait(1)
    await report(rollback(1))
    assert.deepEqual(
      told.map(({ details }) => details?.untold),
      [undefined, 5],
    )
  })

  test('is told ten times an hour and code, however its words are varied', async () => {
    const { report, told, wait } = makeReporter()
    for (let i = 0; i < 5000; i++) await report(rollback(i))
    assert.equal(told.length, 10)
    await report(new TrustError('trust/expired', 'cannot trust timestamp: expired'))
    assert.equal(told.length, 11)
    wait(hour)
    for (let i = 0; i < 5000; i++) await report(rollback(i))
    assert.equal(told.length, 21)
    assert.equal(told.at(11)?.details?.untold, 4990)
  })

  test('says what kind it is, with the facts that it carries', async () => {
    const { report, told } = makeReporter()
    await report(rollback(3))
    await report(new AgentError('agent/disk-full', 'cannot write: the disk is full'))
    await report(new AgentError('agent/unreachable', 'cannot reach the server'))
    const message = 'cannot accept timestamp 3: already trust 99'
    const details = { what: 'timestamp', held: 99, offered: 3 }
    assert.deepEqual(told, [
      { kind: 'security', code: 'trust/rollback', message, details },
      {
        kind: 'agent',
        code: 'agent/disk-full',
        message: 'cannot write: the disk is full',
        details: {},
      },
    ])
  })

  test('is kept while nobody hears it, through the end of the agent too', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'steadfleet-refusals-'))
    try {
      const outbox = await Outbox.open(directory, world)
      const reporter = new RefusalReporter(
        event => outbox.add(event),
        () => 0,
      )
      await reporter.report(world, rollback(3))
      await outbox.close()
      const next = await Outbox.open(directory, world)
      assert.deepEqual(
        next.waiting().map(({ kind, code, details }) => [kind, code, details?.offered]),
        [['security', 'trust/rollback', 3]],
      )
      await next.close()
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})

const world: World = {
  now: () => new Date('2026-11-21T00:00:00Z'),
  monotonic: () => 0,
  random: () => 0,
  sleep: () => Promise.resolve(),
  log: () => undefined,
}

function makeReporter() {
  const told: NewEvent[] = []
  let now = 0
  const tell = async (event: NewEvent): Promise<void> => void told.push(event)
  const reporter = new RefusalReporter(tell, () => now)
  return {
    told,
    report: (error: Error) => reporter.report(world, error),
    wait(ms: number) {
      now += ms
    },
  }
}
