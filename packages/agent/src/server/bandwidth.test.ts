import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bandwidth } from './bandwidth.ts'

const second = 1000

/** A clock that goes forward only while somebody sleeps. */
function makeClock() {
  let now = 0
  const sleep = async (milliseconds: number) => {
    now += milliseconds
  }
  return { monotonic: () => now, sleep, pass: (milliseconds: number) => (now += milliseconds) }
}

test('no more comes in any second than was told, but for the burst after a rest', async () => {
  const clock = makeClock()
  const bandwidth = new Bandwidth(10_000, clock)
  const came: { at: number; bytes: number }[] = []
  for (let i = 0; i < 400; i++) {
    await bandwidth.take(1000)
    came.push({ at: clock.monotonic(), bytes: 1000 })
  }
  for (const { at } of came.filter(one => one.at > second)) {
    const inSecond = came.filter(one => one.at > at - second && one.at <= at)
    const bytes = inSecond.reduce((sum, one) => sum + one.bytes, 0)
    assert.ok(bytes <= 10_000, `${bytes} bytes in the second before ${at}`)
  }
  assert.equal(clock.monotonic(), 39 * second)
})

test('two that fetch share it', async () => {
  const clock = makeClock()
  const bandwidth = new Bandwidth(1000, clock)
  await Promise.all(Array.from({ length: 10 }, () => bandwidth.take(500)))
  assert.ok(clock.monotonic() >= 4 * second, `${clock.monotonic()} ms`)
})

test('a long rest saves up no more than the burst', async () => {
  const clock = makeClock()
  const bandwidth = new Bandwidth(1000, clock)
  clock.pass(3600 * second)
  const began = clock.monotonic()
  for (let i = 0; i < 10; i++) await bandwidth.take(1000)
  assert.equal(clock.monotonic() - began, 9 * second)
})
