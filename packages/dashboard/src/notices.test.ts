import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chosenKinds } from '@steadfleet/domain'
import { noticeNames } from './notices.ts'

test('every kind of notice that can be chosen has a name on the page', () =>
  assert.deepEqual(Object.keys(noticeNames).sort(), [...chosenKinds].sort()))
