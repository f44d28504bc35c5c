import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { whyNoDisks } from './disks.ts'
import { mutants } from './mutants.ts'
import { cutsOf, partOfCuts, refuseUnnoticed } from './notices.ts'
import type { Told } from './play.ts'

describe('power that is cut', { skip: whyNoDisks() }, () => {
  const quick = mutants.filter(({ isQuick }) => isQuick)
  const sound = [
    partOfCuts('pretend', ['files'], ['update', 'fails-migrate'], 48),
    partOfCuts('shipped', ['disk', 'lost'], ['update'], 2),
  ]
  let cuts: Told[][] = []
  before(async () => {
    cuts = await cutsOf(sound, quick)
  })

  test('in the middle of anything leaves the old or the new generation, and nothing else', () => {
    const done = cuts.slice(0, sound.length).flat()
    assert.deepEqual(
      done.filter(({ broken, lost }) => broken.length + lost.length > 0),
      [],
    )
    assert.equal(done.length, 100)
    for (const found of ['old', 'new']) assert.ok(done.some(one => one.found === found))
  })

  for (const [i, mutant] of quick.entries()) {
    test(`is noticed by an agent without ${mutant.without}`, () => {
      refuseUnnoticed(cuts[sound.length + i])
    })
  }
})
