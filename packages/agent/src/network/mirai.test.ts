import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drillMirai } from './testing/mirai-drill.test.ts'
import { inStreet, isInStreet, noStreet } from './testing/street.test.ts'

if (isInStreet) drillMirai(3)
else {
  test('the Mirai drill with the device’s firewall', { skip: noStreet }, async () => {
    const { code, said } = await inStreet(import.meta.filename)
    assert.equal(code, 0, said)
  })
}
