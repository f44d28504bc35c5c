import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseProblem } from '@steadfleet/protocol'
import { asProblem, isSignedOut, localProblem, mayPass } from './problem.ts'

const refused = (status: number) => parseProblem(status, '{"type":"x/y","title":"cannot do it"}')

const rows: [title: string, error: unknown, again: boolean, signedOut: boolean][] = [
  ['a server that is away', localProblem('dashboard/unreachable', 'cannot reach it'), true, false],
  ['a fault of the server', refused(500), true, false],
  ['a session that is over', refused(401), false, true],
  ['a thing that is not there', refused(404), false, false],
  ['a fault of ours', new TypeError('x is undefined'), true, false],
]
for (const [title, error, again, signedOut] of rows)
  test(`${title} is ${again ? '' : 'not '}asked again`, () => {
    assert.equal(mayPass(error), again)
    assert.equal(isSignedOut(error), signedOut)
  })

test('anything thrown has a code and a sentence', () => {
  assert.equal(asProblem(refused(404)).code, 'x/y')
  assert.equal(asProblem(new TypeError('x is undefined')).code, 'dashboard/broken')
  assert.equal(asProblem('why').message, 'cannot show this: why')
})
