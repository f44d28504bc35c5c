import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { toUtf8 } from '@steadfleet/base'
import { digestIn, hashes, refuseOtherHash } from './hashes.ts'

const bytes = toUtf8('content')
const sha256 = createHash('sha256').update(bytes).digest('hex')
const sha512 = createHash('sha512').update(bytes).digest('hex')

describe('bytes', () => {
  const rows: [what: string, named: Record<string, string>, code?: string][] = [
    ['their SHA-256', { sha256 }],
    ['their SHA-512', { sha512 }],
    ['both', { sha256, sha512 }],
    ['one known and one unknown digest', { sha256, blake3: 'x' }],
    ['another SHA-256', { sha256: '0'.repeat(64), sha512 }, 'trust/mismatch'],
    ['another SHA-512', { sha256, sha512: '0'.repeat(128) }, 'trust/mismatch'],
    ['unknown digests alone', { blake3: sha256 }, 'trust/malformed'],
    ['no digest', {}, 'trust/malformed'],
  ]
  for (const [what, named, code] of rows) {
    test(`named by ${what} are ${code ? 'refused' : 'taken'}`, () => {
      const check = (): void => refuseOtherHash('it', hashes(named, 'it'), bytes)
      if (code) assert.throws(check, { code })
      else check()
    })
  }
})

test('content without a SHA-256 has no digest to be named by', () => {
  assert.equal(digestIn({ sha256 }, 'it'), `sha256:${sha256}`)
  assert.throws(() => digestIn({ sha512 }, 'it'), { code: 'trust/malformed' })
})

test('a digest of another length than its algorithm has is malformed', () => {
  assert.throws(() => hashes({ sha256: sha512 }, 'it'), { code: 'trust/malformed' })
})
