import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOfThisMachine } from './this-machine.ts'

const rows: [remoteAddress: string, headers: Record<string, string>, isOf: boolean][] = [
  ['127.0.0.1', { host: '127.0.0.1:8420' }, true],
  ['::1', { host: '[::1]:8420' }, true],
  ['::ffff:127.0.0.1', { host: 'localhost' }, true],
  ['10.0.0.7', { host: '127.0.0.1:8420' }, false],
  ['::ffff:10.0.0.7', { host: 'localhost' }, false],
  ['127.0.0.1', { host: 'fleet.example' }, false],
  ['127.0.0.1', { host: '127.evil.example:8420' }, false],
  ['127.0.0.1', {}, false],
  ['127.0.0.1', { host: 'localhost', 'x-forwarded-for': '203.0.113.9' }, false],
  ['127.0.0.1', { host: 'localhost', forwarded: 'for=203.0.113.9' }, false],
  ['127.0.0.1', { host: 'localhost', via: '1.1 proxy' }, false],
]
for (const [remoteAddress, headers, isOf] of rows) {
  test(`${remoteAddress} with ${JSON.stringify(headers)} is ${isOf ? '' : 'not '}of this machine`, () => {
    assert.equal(isOfThisMachine({ socket: { remoteAddress }, headers }), isOf)
  })
}
