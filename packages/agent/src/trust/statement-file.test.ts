import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Tear } from '../testing/tear.test.ts'
import { TornStage } from '../testing/torn-state.test.ts'
import { readIdentity } from './identity.ts'
import { TrustState } from './trust-state.ts'

const gone = (name: string): Tear => ({
  [`trust/${name}`]: 'is gone',
  [`trust/${name}.2`]: 'is zeroed',
})
const floors: Tear = { 'trust/floors-a': 'is zeroed', 'trust/floors-b': 'is half there' }

interface Row {
  readonly title: string
  readonly tear: Tear
  /** Versions held, the policy that counts, and the order that is in force. */
  readonly is: readonly [
    ownerRoot: number,
    policy: number,
    counting: number | undefined,
    order: number | undefined,
  ]
}

/** A device that took root 2, policy 2 and order 2; what is left of them after a tear. */
const rows: readonly Row[] = [
  { title: 'nothing', tear: {}, is: [2, 2, 2, 2] },
  {
    title: 'the generation before',
    tear: {
      'trust/owner-root.json.before': 'is gone',
      'trust/policy.json.before': 'is half there',
      'trust/order.json.before': 'is zeroed',
    },
    is: [2, 2, 2, 2],
  },
  {
    title: 'both copies of the policy, and a floor forbids the one before',
    tear: gone('policy.json'),
    is: [2, 1, undefined, 2],
  },
  {
    title: 'both copies of the policy, and every floor with them',
    tear: { ...gone('policy.json'), ...floors },
    is: [2, 1, 1, 2],
  },
  {
    title: 'both copies of the owner root, which is fetched from the one before',
    tear: gone('owner-root.json'),
    is: [1, 2, 2, 2],
  },
  {
    title: 'both copies of the order, and a floor forbids the one before',
    tear: gone('order.json'),
    is: [2, 2, 2, undefined],
  },
  {
    title: 'both copies of the order, and every floor with them',
    tear: { ...gone('order.json'), ...floors },
    is: [2, 2, 2, 1],
  },
  {
    title: 'the policy in every copy and generation',
    tear: { ...gone('policy.json'), 'trust/policy.json.before': 'is empty' },
    is: [2, 0, undefined, 2],
  },
]

describe('the owner’s statements on a device that lost', () => {
  let stage: TornStage
  before(async () => {
    stage = await TornStage.open()
    await stage.fleet.close()
  })
  after(() => stage[Symbol.asyncDispose]())

  for (const { title, tear, is } of rows) {
    test(`${title} are what is left and allowed`, async () => {
      await using device = stage.torn(tear)
      const { enrolment } = await readIdentity(device.paths)
      const { versions, heldPolicy, order } = await TrustState.open(device.paths, enrolment)
      const { ownerRoot, policy } = versions
      assert.deepEqual([ownerRoot, policy, heldPolicy?.version, order?.counter], is)
    })
  }
})
