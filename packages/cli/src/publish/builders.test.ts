import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type BuilderRow, signerFromSeed } from '@steadfleet/authority'
import { withBuilder, withRetired } from './builders.ts'

const [one, two] = [1, 2].map(byte => signerFromSeed(new Uint8Array(32).fill(byte)))
const first: BuilderRow = { id: 'https://a.example', key: one!.key }
const second: BuilderRow = { id: 'https://b.example', key: two!.key }

describe('the builders of a role', () => {
  test('gain one, and the same one once', () => {
    assert.deepEqual(withBuilder([first], second), [first, second])
    assert.deepEqual(withBuilder([first, second], first), [second, first])
  })
  test('of which one is retired by id or key id, and counts again when it is added', () => {
    const retired = { ...second, retired: true }
    assert.deepEqual(withRetired([first, second], second.id), [first, retired])
    assert.deepEqual(withRetired([first, second], two!.keyid), [first, retired])
    assert.deepEqual(withBuilder([first, retired], second), [first, second])
  })
  test('of which none has the name are not changed', () => {
    assert.equal(withRetired([first], second.id), undefined)
  })
})
