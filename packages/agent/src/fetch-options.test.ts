import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseFetchOptions } from './fetch-options.ts'

type Given = Parameters<typeof parseFetchOptions>[0]

const nothing = {
  mirrors: [],
  peers: [],
  bytesPerSecond: 0,
  storeLimit: 0,
  serve: undefined,
}

describe('options of fetching', () => {
  const read: [what: string, given: Given, means: object][] = [
    ['nothing', {}, {}],
    ['a mirror', { mirror: 'https://cdn.example' }, { mirrors: ['https://cdn.example'] }],
    [
      'several mirrors, with the slash that people type',
      { mirror: ['https://cdn.example/', 'http://10.0.0.2:80'] },
      { mirrors: ['https://cdn.example', 'http://10.0.0.2'] },
    ],
    ['a peer', { peer: ['http://[fe80::1]:7180'] }, { peers: ['http://[fe80::1]:7180'] }],
    ['bytes', { bandwidth: '8192' }, { bytesPerSecond: 8192 }],
    ['kilobytes', { bandwidth: '500k' }, { bytesPerSecond: 500_000 }],
    ['gigabytes', { 'store-limit': '2G' }, { storeLimit: 2_000_000_000 }],
    ['an address', { 'serve-objects': '0.0.0.0:7180' }, { serve: { host: '0.0.0.0', port: 7180 } }],
    ['an IPv6 address', { 'serve-objects': '[::1]:0' }, { serve: { host: '::1', port: 0 } }],
  ]
  for (const [what, given, means] of read) {
    test(`say ${what}`, () => assert.deepEqual(parseFetchOptions(given), { ...nothing, ...means }))
  }

  const wrong: [what: string, given: Given][] = [
    ['a mirror with a path', { mirror: 'https://cdn.example/objects' }],
    ['a mirror with a question', { mirror: 'https://cdn.example/?a' }],
    ['a mirror with a password', { mirror: 'https://me:secret@cdn.example' }],
    ['a peer with a password and nothing else', { peer: 'me:secret@shelf' }],
    ['a mirror by another protocol', { mirror: 'ftp://cdn.example' }],
    ['a peer that is no address', { peer: 'shelf' }],
    ['no bandwidth at all', { bandwidth: '0' }],
    ['a bandwidth that looks like an attack', { bandwidth: '8191' }],
    ['a bandwidth in words', { bandwidth: 'fast' }],
    ['a limit with a sign', { 'store-limit': '-2G' }],
    ['a limit with a fraction', { 'store-limit': '1.5G' }],
    ['an address without a port', { 'serve-objects': '0.0.0.0' }],
    ['a port that is none', { 'serve-objects': '0.0.0.0:65536' }],
    ['an IPv6 address without brackets', { 'serve-objects': '::1:80' }],
  ]
  for (const [what, given] of wrong) {
    test(`say ${what}: refused in one line, without the password`, () =>
      assert.throws(
        () => parseFetchOptions(given),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'agent/usage')
          assert.match(error.message, /^cannot understand the command: [^\n]+$/)
          assert.doesNotMatch(error.message, /secret/)
          return true
        },
      ))
  }
})
