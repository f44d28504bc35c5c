import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { whyNoDisks } from './disks.ts'
import { mutants } from './mutants.ts'
import { refuseUnnoticed, rowsOf } from './notices.ts'

describe('power that is cut', { skip: whyNoDisks() }, () => {
  test('in the middle of anything leaves the old or the new generation, and nothing else', () => {
    const names = ['--journey', 'update', '--journey', 'fails-migrate']
    const quick = rowsOf(['--agent', 'pretend', '--way', 'files', ...names, '--cuts', '48'])
    const real = rowsOf(['--journey', 'update', '--way', 'disk', '--way', 'lost', '--cuts', '2'])
    const rows = [...quick, ...real]
    assert.deepEqual(
      rows.filter(({ broken, lost }) => broken + lost > 0),
      [],
    )
    const sum = (name: 'cuts' | 'old' | 'new') => rows.reduce((all, row) => all + row[name], 0)
    assert.equal(sum('cuts'), 100)
    assert.ok(sum('old') > 0 && sum('new') > 0)
  })

  for (const mutant of mutants.filter(({ isQuick }) => isQuick)) {
    test(`is noticed by an agent without ${mutant.without}`, () => refuseUnnoticed(mutant))
  }
})
