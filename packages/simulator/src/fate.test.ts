import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Fate } from './fate.ts'
import { parseSimulatorOptions } from './options.ts'

const none = { breaks: [], fails: 0, vanishes: 0, offline: 0, slow: 0, liars: 0 }

describe('the fate of a simulated device', () => {
  test('follows from its seed and index alone', () => {
    const fates = [new Fate(1, 5, none), new Fate(1, 5, none), new Fate(1, 6, none)]
    const [one, same, other] = fates.map(fate => [fate.draw('x'), ...fate.keySeed].join())
    assert.equal(one, same)
    assert.notEqual(one, other)
  })

  test('hits as many devices as its model says, each revision others', () => {
    const model = { ...none, breaks: [{ revision: 3, share: 0.2 }], fails: 0.02 }
    const fates = Array.from({ length: 5000 }, (_, i) => new Fate(9, i, model))
    const broken = (revision: number) => fates.filter(fate => fate.breaksOn(revision)).length / 5000
    assert.ok(Math.abs(broken(3) - 0.216) < 0.03, `${broken(3)}`)
    assert.ok(Math.abs(broken(4) - 0.02) < 0.01, `${broken(4)}`)
  })

  test('is kind where the model is', () => {
    const fate = new Fate(1, 1, none)
    assert.deepEqual(
      [fate.breaksOn(1), fate.vanishesAt(1), fate.isOfflineIn(1), fate.slowness, fate.clockOffset],
      [false, false, false, 1, 0],
    )
  })
})

test('options that no simulator has are refused', () => {
  const whole = {
    ...{ seed: 1, devices: 1, 'probation-seconds': 1, 'fetch-seconds': 1, 'check-in-seconds': 1 },
    model: none,
  }
  parseSimulatorOptions(whole)
  for (const wrong of [
    { devices: 0 },
    { devices: 1_000_000 },
    { model: { ...none, fails: 2 } },
    { model: { ...none, breaks: [{ revision: 0, share: 0.1 }] } },
    { more: 1 },
  ]) {
    assert.throws(() => parseSimulatorOptions({ ...whole, ...wrong }), { code: 'schema/mismatch' })
  }
})
