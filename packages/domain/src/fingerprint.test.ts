import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Failure } from './device.ts'
import { fingerprintOf, normalise } from './fingerprint.ts'

const lines: readonly (readonly [said: string, left: string])[] = [
  ['2026-11-22T05:24:10.123Z took 41 ms', '<time> took # ms'],
  ['Nov 22 05:24:10 box app[812]: died', '<time> box app[#]: died'],
  ['segfault at 0x7ffd1234 ip 00007f12aa34bb56', 'segfault at <address> ip <id>'],
  ['cannot reach 10.1.2.3:1883', 'cannot reach <address>'],
  ['cannot open /var/lib/app/state.db: denied', 'cannot open state.db: denied'],
  ['    at read (/app/sensor.mjs:41:27)', 'at read (sensor.mjs:#:#)'],
  ['\u001b[31mred\u001b[0m  and   wide', 'red and wide'],
  ['job 0b6a3b3e-97c1-4a5a-9d11-1f2e3d4c5b6a ended', 'job <id> ended'],
  ['a decade of facades', 'a decade of facades'],
]

const javascript = (column: number) => [
  'listening',
  '/app/sensor.mjs:41',
  '        throw new TypeError()',
  `TypeError: sensor bus ${column} is gone`,
  `    at read (/app/sensor.mjs:41:${column})`,
  '    at poll (/app/sensor.mjs:12:3)',
  '',
  'Node.js v26.10.0',
]
const python = (at: number) => [
  'Traceback (most recent call last):',
  `  File "/app/main.py", line ${at}, in <module>`,
  '    run()',
  `  File "/app/main.py", line ${at + 9}, in run`,
  '    raise KeyError(name)',
  "KeyError: 'humidity'",
]

const pairs: readonly (readonly [
  why: string,
  a: Partial<Failure>,
  b: Partial<Failure>,
  is: boolean,
])[] = [
  ['other revisions', { revision: 1 }, { revision: 2 }, true],
  ['other counts of the same crash', { reason: 'died' }, { reason: 'died, 5 times' }, true],
  ['other packages', {}, { package: 'acme/other' as never }, false],
  ['other exits', { exit: 1 }, { exit: 2 }, false],
  ['a signal', { exit: 1 }, { signal: 'SIGSEGV' }, false],
  ['other kinds', { kind: 'crash' }, { kind: 'probation' }, false],
  ['the same stack elsewhere', { log: javascript(27) }, { log: javascript(99) }, true],
  [
    'chatter before the same stack',
    { log: javascript(1) },
    { log: ['hi', ...javascript(1)] },
    true,
  ],
  [
    'another stack',
    { log: javascript(27) },
    { log: ['TypeError: x', '    at other (a.mjs:1:1)'] },
    false,
  ],
  ['the same stack of Python', { log: python(3) }, { log: python(40) }, true],
  [
    'another error of Python',
    { log: python(3) },
    { log: [...python(3).slice(0, 5), 'OSError: disk'] },
    false,
  ],
  ['other last lines', { log: ['out of paper'] }, { log: ['out of ink'] }, false],
  [
    'changes that failed alike',
    { kind: 'change', reason: 'fetch 3 of 9', log: ['a'] },
    { kind: 'change', reason: 'fetch 4 of 9', log: ['b'] },
    true,
  ],
]

describe('the fingerprint of a failure', () => {
  for (const [said, left] of lines) {
    test(`leaves of ${JSON.stringify(said)} what stays`, () => assert.equal(normalise(said), left))
  }
  for (const [why, a, b, is] of pairs) {
    test(`is ${is ? 'one' : 'two'} of ${why}`, () => {
      const [one, two] = [a, b].map(more => fingerprintOf(failure(more)).digest)
      assert.equal(one === two, is)
    })
  }

  test('is titled by what the program said as it died', () => {
    const title = (log: string[]) => fingerprintOf(failure({ log })).title
    assert.equal(title(javascript(27)), 'TypeError: sensor bus 27 is gone')
    assert.equal(title(python(3)), "KeyError: 'humidity'")
    assert.equal(title(['a', 'out of paper']), 'out of paper')
    assert.equal(title([]), 'service ended by itself: exit 1')
  })

  test('never changes for what was kept already', () => {
    const { digest } = fingerprintOf(failure({ log: javascript(27), exit: 1 }))
    assert.equal(digest, frozen)
  })
})

const frozen = 'sha256:ed10c99b9a5a6fa5fe23934f937bd657a989bc87c87e30d178b2cdf0afda14f5'

function failure(more: Partial<Failure>): Failure {
  return {
    ...{ kind: 'crash', package: 'acme/greenhouse' as never, app: 'service', revision: 1 },
    ...{ reason: 'service ended by itself: exit 1', log: [] },
    ...more,
  } as Failure
}
