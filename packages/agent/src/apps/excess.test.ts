import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { watchExcess } from './excess.ts'

/** What the kernel says of a cgroup before and after a look, and what is told of it. */
const rows: [what: string, before: Kernel, after: Kernel, told: string[]][] = [
  [
    'a limit that holds it back all the time',
    { periods: 10, held: 0 },
    { periods: 60, held: 49 },
    ['is throttled: its CPU limit held it back in 49 of 50 periods'],
  ],
  ['a limit that it meets at times', { periods: 10, held: 0 }, { periods: 60, held: 20 }, []],
  ['few periods', { periods: 10, held: 10 }, { periods: 12, held: 12 }, []],
  [
    'memory that it waits for',
    {},
    { pressure: '62.10' },
    ['is short of memory: it waited for memory 62.1 % of 10 s'],
  ],
  ['memory that it hardly waits for', {}, { pressure: '3.00' }, []],
]
for (const [what, before, after, told] of rows) {
  test(`of ${what} is told: ${told.join() || 'nothing'}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'steadfleet-excess-'))
    mkdirSync(join(folder, 'state'))
    say(folder, before)
    const said: string[] = []
    const watch = watchExcess({ folder, cgroup: [folder] }, (trouble, why) =>
      said.push(`${trouble}: ${why}`),
    )
    say(folder, after)
    // Its end looks a last time.
    watch[Symbol.dispose]()
    rmSync(folder, { recursive: true })
    assert.deepEqual(said, told)
  })
}

interface Kernel {
  readonly periods?: number
  readonly held?: number
  readonly pressure?: string
}

function say(folder: string, { periods = 0, held = 0, pressure = '0.00' }: Kernel): void {
  writeFileSync(join(folder, 'cpu.stat'), `nr_periods ${periods}\nnr_throttled ${held}\n`)
  const line = (kind: string) => `${kind} avg10=${pressure} avg60=0.00 avg300=0.00 total=1\n`
  writeFileSync(join(folder, 'memory.pressure'), line('some') + line('full'))
}
