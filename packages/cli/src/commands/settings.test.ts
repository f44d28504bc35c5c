import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SettingValue } from '@steadfleet/domain'
import { toValues } from './settings.ts'

describe('a value that was typed', () => {
  const typed: [pair: string, value: SettingValue][] = [
    ['port=8081', 8081],
    ['port=-1', -1],
    ['on=true', true],
    ['on=false', false],
    ['greeting=hello=world', 'hello=world'],
    ['greeting=', ''],
    ['serial=1234567890123456', '1234567890123456'],
  ]
  for (const [pair, value] of typed) {
    test(`${pair} is ${JSON.stringify(value)}`, () => {
      assert.deepEqual(Object.values(toValues([pair], false)), [value])
    })
  }

  test('is text where --text says so', () => {
    assert.deepEqual(toValues(['year=2026'], true), { year: '2026' })
  })

  for (const pair of ['port', '=1']) {
    test(`${pair} is refused`, () => {
      assert.throws(() => toValues([pair], false), { code: 'cli/usage' })
    })
  }
})
