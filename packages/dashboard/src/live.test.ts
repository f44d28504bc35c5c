import assert from 'node:assert/strict'
import { test } from 'node:test'
import { staleFor } from './live.ts'

test('news of one device makes the lists stale that show a part of it', () => {
  assert.deepEqual(staleFor('device'), ['device', 'devices', 'failures'])
  assert.deepEqual(staleFor('rollouts'), ['rollouts'])
})
