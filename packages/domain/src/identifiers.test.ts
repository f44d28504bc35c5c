import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  deviceIdOf,
  ownerIdOf,
  parseChannelName,
  parseDeviceId,
  parseFleetName,
  parseOwnerId,
  parsePackageName,
  parsePublisherName,
  toTimestamp,
} from './index.ts'

const id = '0123456789abcdefghij'
const longest = 'a'.repeat(40)
const rows: [parse: (value: unknown) => string, good: string[], bad: unknown[]][] = [
  [
    parseDeviceId,
    [`dev_${id}`],
    [`own_${id}`, `dev_${id}0`, `dev_${id.toUpperCase()}`, 'dev_', `dev_${id}\n`],
  ],
  [parseOwnerId, [`own_${id}`], [`dev_${id}`, id]],
  [parseFleetName, ['home', 'a-1', longest], ['', '1a', 'A', `${longest}a`, 'a_b', 'a/b', 1, null]],
  [parsePublisherName, ['acme'], ['*', '../acme', 'acme/']],
  [
    parsePackageName,
    ['acme/greenhouse'],
    ['acme', 'acme/', '/x', 'acme/x/y', 'acme/../x', 'acme/X'],
  ],
  [
    parseChannelName,
    ['latest/stable', '1.2/edge'],
    ['stable', 'latest/fast', '/stable', '-/stable'],
  ],
]
for (const [parse, good, bad] of rows) {
  for (const text of good) {
    test(`${text} is read as it is`, () => assert.equal(parse(text), text))
  }
  for (const text of bad) {
    test(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(() => parse(text), { code: 'schema/mismatch' })
    })
  }
}

test('a device and an owner are named by 100 bits of what they are, for good', () => {
  const key = new Uint8Array(32)
  assert.equal(deviceIdOf(key), 'dev_cpk7lbfocauner4fo65o')
  assert.equal(ownerIdOf(key).slice(4), deviceIdOf(key).slice(4))
  assert.equal(parseDeviceId(deviceIdOf(key)), deviceIdOf(key))
})

test('a moment is written in UTC and whole seconds', () => {
  assert.equal(toTimestamp(new Date('2026-11-21T01:02:03.999+01:00')), '2026-11-21T00:02:03Z')
})
