import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { World } from '../world.ts'
import { type NewEvent, Outbox } from './outbox.ts'

const event: NewEvent = { kind: 'agent', message: 'hello' }
const world: World = {
  now: () => new Date('2026-11-21T00:00:00Z'),
  monotonic: () => 0,
  random: () => 0,
  sleep: () => Promise.resolve(),
  log: () => undefined,
}

describe('an outbox', () => {
  test('keeps what was not acknowledged over a restart, and never uses a number twice', () =>
    inDirectory(async directory => {
      const first = await Outbox.open(directory, world)
      for (let i = 0; i < 3; i++) await first.add(event)
      await first.acknowledge(2)
      await first.close()
      const second = await Outbox.open(directory, world)
      assert.deepEqual(numbers(second), [3])
      await second.acknowledge(3)
      await second.close()
      const third = await Outbox.open(directory, world)
      await third.add(event)
      assert.deepEqual(numbers(third), [4])
      await third.close()
    }))

  test('drops a line that a cut of power tore', () =>
    inDirectory(async directory => {
      const first = await Outbox.open(directory, world)
      await first.add(event)
      await first.close()
      await appendFile(join(directory, 'events.jsonl'), '{"sequence":2,"mess')
      const second = await Outbox.open(directory, world)
      assert.deepEqual(numbers(second), [1])
      await second.close()
    }))

  test('lets the oldest give way, what was refused after the rest, and failures last', () =>
    inDirectory(async directory => {
      const outbox = await Outbox.open(directory, world)
      const failure = { package: 'a/b', revision: 1, reason: 'it died', kind: 'crash', log: [] }
      await outbox.add({ kind: 'failure', message: 'it died', failure } as unknown as NewEvent)
      await outbox.add({ kind: 'security', message: 'refused', code: 'trust/rollback' })
      for (let i = 0; i < 1000; i++) void outbox.add(event)
      assert.deepEqual(numbers(outbox).slice(0, 3), [1, 2, 5])
      for (let i = 0; i < 1000; i++) {
        void outbox.add({ kind: 'security', message: 'refused', code: 'trust/rollback' })
      }
      assert.deepEqual(numbers(outbox).slice(0, 2), [1, 1004])
      await outbox.close()
    }))

  test('writes down and sends no secret that an app said', () =>
    inDirectory(async directory => {
      const outbox = await Outbox.open(directory, world)
      const reason = `its hook said password=hunter2 ${'pwd=x '.repeat(160)}`
      const failure = {
        ...{ package: 'a/b', revision: 1, reason, kind: 'change', log: ['Bearer hunter2hunter2'] },
        journal: ['abort: agent/hook: https://ada:hunter2@example.com'],
      }
      const details = { why: 'token: hunter2', tries: 2 }
      const told = { kind: 'failure', message: reason, failure, details }
      await outbox.add(told as unknown as NewEvent)
      const [sent] = outbox.waiting()
      assert.ok(!JSON.stringify(sent).includes('hunter2'))
      assert.deepEqual(sent?.details, { why: 'token: [scrubbed]', tries: 2 })
      assert.ok((sent?.failure?.reason.length ?? 0) <= 1000)
      assert.ok(!readFileSync(join(directory, 'events.jsonl'), 'utf8').includes('hunter2'))
      await outbox.close()
    }))

  test('sends no more at once than a server takes', () =>
    inDirectory(async directory => {
      const outbox = await Outbox.open(directory, world)
      for (let i = 0; i < 5; i++) await outbox.add({ ...event, message: 'x'.repeat(200_000) })
      assert.deepEqual(numbers(outbox), [1, 2])
      await outbox.close()
    }))

  test('numbers reports upwards through every life of the agent', () =>
    inDirectory(async directory => {
      const seen: number[] = []
      for (let life = 0; life < 3; life++) {
        const outbox = await Outbox.open(directory, world)
        seen.push(await outbox.nextReport(), await outbox.nextReport())
        await outbox.close()
      }
      assert.deepEqual(
        seen,
        seen.toSorted((a, b) => a - b),
      )
      assert.equal(new Set(seen).size, seen.length)
    }))
})

function numbers(outbox: Outbox): number[] {
  return outbox.waiting().map(one => one.sequence)
}

async function inDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'steadfleet-outbox-'))
  try {
    await use(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
