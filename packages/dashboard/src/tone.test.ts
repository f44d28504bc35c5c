import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceWith } from './testing/views.ts'
import { confinementOf, plainAttributes } from './tone.ts'

test('how a device confines is told apart from what else it reports', () => {
  const attributes = { site: 'north', confinement: 'enforced', 'confinement.user': 'a uid' }
  const device = deviceWith({ attributes })
  assert.deepEqual(confinementOf(device), { verdict: 'enforced', parts: [['user', 'a uid']] })
  assert.deepEqual(plainAttributes(device), [['site', 'north']])
  assert.deepEqual(confinementOf(deviceWith({ attributes: {} })), { verdict: undefined, parts: [] })
})
