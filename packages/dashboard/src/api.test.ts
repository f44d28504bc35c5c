import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf } from './api.ts'

test('parameters are escaped where they stand in the path', () => {
  const params = { digest: 'sha256:ab/../c' }
  assert.equal(addressOf('getObject', { params }), '/v1/objects/sha256%3Aab%2F..%2Fc')
})

test('a query holds what is given and nothing else', () => {
  assert.equal(
    addressOf('listFailures', { query: { limit: 5, after: undefined } }),
    '/v1/failures?limit=5',
  )
  assert.equal(addressOf('listFailures', { query: {} }), '/v1/failures')
})
