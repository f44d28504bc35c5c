import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makePolicy, signStatement } from '@steadfleet/authority'
import { pretendLogPolicy, pretendOwner } from '@steadfleet/authority/testing'
import { digestOf, toCanonical } from '@steadfleet/base'
import { acceptPolicy, chosenLog, type LogChoice, logDigest, payloadTypes } from './index.ts'

const now = new Date('2026-11-21T00:00:00Z')
const witnessed: LogChoice = pretendLogPolicy(['w1', 'w2'], 2)
const { key, witnesses } = pretendLogPolicy([], 0)

describe('a trust policy whose log', () => {
  const rows: [what: string, log: LogChoice, follows: number | 'none' | string][] = [
    ['is none in so many words', { quorum: 0 }, 'none'],
    ['is witnessed by two', witnessed, 2],
    ['asks for no witness', { key, witnesses, quorum: 0 }, 0],
    ['wants witnesses and names no key', { quorum: 2 }, 'trust/malformed'],
    ['names witnesses and no key', { quorum: 0, witnesses: [] }, 'trust/malformed'],
    ['has a key that is none', { ...witnessed, key: 'log.example' }, 'trust/malformed'],
  ]
  for (const [what, log, follows] of rows) {
    test(`${what} ${typeof follows === 'string' && follows !== 'none' ? 'is refused' : 'is taken'}`, async () => {
      const { root, keys } = await pretendOwner(1, now)
      const facts = { owner: 'own_1', version: 1, catalogues: [], ceiling: new Map() }
      const policy = makePolicy({ ...facts, log }, now)
      const envelope = await signStatement(payloadTypes.policy, policy, keys.root)
      const accept = () => acceptPolicy(root, undefined, envelope)
      if (typeof follows === 'string' && follows !== 'none') {
        assert.throws(accept, { code: follows })
        return
      }
      assert.deepEqual(chosenLog(accept().log)?.quorum ?? 'none', follows)
      const digest = follows === 'none' ? 'none' : digestOf(toCanonical({ ...log }))
      assert.equal(logDigest(accept().log), digest)
    })
  }
})
