import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { UpdatePolicy } from '@steadfleet/domain'
import { type Keeping, keepingUnder, type LocalKeeping } from './keeping.ts'

const rows: [what: string, policy: UpdatePolicy, local: LocalKeeping, means: Partial<Keeping>][] = [
  ['nobody says anything', {}, {}, {}],
  ['the fleet says days', { 'keep-rejected-days': 30 }, {}, { rejectedDays: 30 }],
  ['the device says days', {}, { rejectedDays: 2 }, { rejectedDays: 2 }],
  ['the device says less', { 'keep-rejected-days': 30 }, { rejectedDays: 2 }, { rejectedDays: 2 }],
  ['the fleet says none', { 'keep-rejected-days': 0 }, { rejectedDays: 2 }, { rejectedDays: 0 }],
  ['the fleet says a limit', { 'store-limit-bytes': 5e9 }, {}, { storeLimit: 5e9 }],
  ['the device says a limit', {}, { storeLimit: 1e9 }, { storeLimit: 1e9 }],
  ['the device has no limit', { 'store-limit-bytes': 5e9 }, { storeLimit: 0 }, { storeLimit: 5e9 }],
  ['both do', { 'store-limit-bytes': 5e9 }, { storeLimit: 1e9 }, { storeLimit: 1e9 }],
]

describe('what a device keeps', () => {
  for (const [what, policy, local, means] of rows) {
    test(`is right where ${what}`, () => {
      const expected = { rejectedDays: 7, storeLimit: 0, ...means }
      assert.deepEqual(keepingUnder(policy, local), expected)
    })
  }
})
