import { describe, test } from 'node:test'
import { whyNoDisks } from '../tools/power-cut/disks.ts'
import { mutants } from '../tools/power-cut/mutants.ts'
import { refuseUnnoticed } from '../tools/power-cut/notices.ts'

describe('the power-cut laboratory notices an agent', { skip: whyNoDisks() }, () => {
  for (const mutant of mutants) {
    test(`without ${mutant.without}`, () => refuseUnnoticed(mutant))
  }
})
