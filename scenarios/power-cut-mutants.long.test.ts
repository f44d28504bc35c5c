import { before, describe, test } from 'node:test'
import { whyNoDisks } from '../tools/power-cut/disks.ts'
import { mutants } from '../tools/power-cut/mutants.ts'
import { cutsOf, refuseUnnoticed } from '../tools/power-cut/notices.ts'
import type { Told } from '../tools/power-cut/play.ts'

describe('the power-cut laboratory notices an agent', { skip: whyNoDisks() }, () => {
  let cuts: Told[][] = []
  before(async () => {
    cuts = await cutsOf([], mutants)
  })

  for (const [i, mutant] of mutants.entries()) {
    test(`without ${mutant.without}`, () => refuseUnnoticed(cuts[i]))
  }
})
