import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drillMirai } from '../packages/agent/src/network/testing/mirai-drill.test.ts'
import {
  inStreet,
  isInStreet,
  noStreet,
} from '../packages/agent/src/network/testing/street.test.ts'

if (isInStreet) drillMirai(20)
else {
  test('the Mirai drill with the device’s firewall and 20 packages', {
    skip: noStreet,
  }, async () => {
    const { code, said } = await inStreet(import.meta.filename)
    assert.equal(code, 0, said)
  })
}
