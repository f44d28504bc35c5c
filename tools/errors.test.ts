import assert from 'node:assert/strict'
import { test } from 'node:test'
import { raisedNowhere } from './docs/errors.ts'

test('every declared code of an error is raised somewhere', () => {
  assert.deepEqual(raisedNowhere(), [])
})
