import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pretendLogPolicy, pretendOrigin } from '@steadfleet/authority/testing'
import type { LogChoice, TrustPolicy } from '@steadfleet/trust'
import { logEvents } from './log-events.ts'

const none: LogChoice = { quorum: 0 }
const alone = pretendLogPolicy([], 0)
const witnessed = pretendLogPolicy(['w1', 'w2'], 2)

describe('a policy that is newer', () => {
  const rows: [
    what: string,
    before: LogChoice | undefined,
    after: LogChoice,
    told: RegExp | null,
  ][] = [
    ['and names the same log', witnessed, witnessed, null],
    ['and is the first that is held', undefined, witnessed, null],
    ['and asks for witnesses', alone, witnessed, /2 of 2 witnesses; no longer .*no witness$/],
    ['and follows no log any more', witnessed, none, /: none; no longer log\.example/],
    ['and follows a log now', none, alone, /no longer none$/],
  ]
  for (const [what, before, after, told] of rows) {
    test(`${what} is ${told ? 'told' : 'no news'}`, () => {
      const events = logEvents(before && policyWith(before), policyWith(after))
      assert.equal(events.length, told ? 1 : 0)
      if (told) assert.match(events[0]?.message ?? '', told)
    })
  }
})

test('the event of a policy names what counts now', () => {
  const [event] = logEvents(policyWith(none), policyWith(witnessed))
  assert.deepEqual(event?.details, {
    policy: 2,
    before: 'none',
    now: `${pretendOrigin}, 2 of 2 witnesses`,
  })
})

function policyWith(log: LogChoice): TrustPolicy {
  const facts = { owner: 'own_1', version: 2, expires: new Date(0), catalogues: [] }
  return { type: 'trust-policy', ...facts, log, ceiling: new Map() }
}
