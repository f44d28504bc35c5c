import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CodedError } from '@steadfleet/base'
import { ProblemError } from '@steadfleet/protocol'
import { CliError, exitFor, toErrorLines } from './error.ts'

const problem = { type: 'release/exists', title: 'cannot publish acme/x/1', status: 409 }

const errors: [what: string, error: unknown, exit: number, first: string][] = [
  [
    'a refusal by the server',
    new ProblemError(problem),
    1,
    'error: cannot publish acme/x/1  [release/exists]',
  ],
  ['a usage', new CliError('cli/usage', 'cannot a'), 2, 'error: cannot a  [cli/usage]'],
  [
    'a server that is away',
    new CliError('cli/unreachable', 'cannot b'),
    3,
    'error: cannot b  [cli/unreachable]',
  ],
  [
    'an interruption',
    new CliError('cli/interrupted', 'cannot c'),
    130,
    'error: cannot c  [cli/interrupted]',
  ],
  ['many lines', new CodedError('x/y', 'cannot d:\n  e\n f'), 1, 'error: cannot d:; e; f  [x/y]'],
  [
    'a fault of the system',
    Object.assign(new Error('no space'), { code: 'ENOSPC' }),
    1,
    'error: cannot go on: no space  [ENOSPC]',
  ],
  [
    'a disk that takes nothing',
    Object.assign(new Error('EROFS: read-only'), { code: 'EROFS', path: '/a/b' }),
    1,
    'error: cannot write /a/b: the disk is read-only  [cli/read-only]',
  ],
  [
    'a bug',
    new TypeError('x is undefined'),
    1,
    'error: cannot go on: x is undefined  [unexpected]',
  ],
]

for (const [what, error, exit, first] of errors) {
  test(`${what} is one line and exits ${exit}`, () => {
    assert.equal(toErrorLines(error)[0], first)
    assert.equal(exitFor(error), exit)
  })
}

test('an error that knows better than its code says its own hint', () => {
  const error = new CliError('cli/usage', 'cannot f', { hint: 'do g' })
  assert.deepEqual(toErrorLines(error), ['error: cannot f  [cli/usage]', 'hint: do g'])
})
