import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Signer, signMetadata } from '@steadfleet/authority'
import { pretendCatalogue, pretendSigner } from '@steadfleet/authority/testing'
import { toCanonical, toUtf8 } from '@steadfleet/base'
import { parseMetadata, refuseUnsigned } from './metadata.ts'

const now = new Date('2026-11-21T00:00:00Z')
const signer = pretendSigner('acme')
const role = { keys: [signer.key], threshold: 1 }

describe('targets metadata', () => {
  const bins = { keyids: [], threshold: 1, bit_length: 8, name_prefix: 'bin' }
  const delegated = { name: 'a', keyids: [], threshold: 1, terminating: false, paths: ['*'] }
  const rows: [what: string, change: object, code?: string][] = [
    ['with bins', { delegations: { keys: {}, succinct_roles: bins } }],
    ['with roles', { delegations: { keys: {}, roles: [delegated] } }],
    [
      'with roles and bins',
      { delegations: { keys: {}, roles: [delegated], succinct_roles: bins } },
      'trust/malformed',
    ],
    [
      'with more bins than 32 bits number',
      { delegations: { keys: {}, succinct_roles: { ...bins, bit_length: 33 } } },
      'trust/malformed',
    ],
    [
      'with a role twice',
      { delegations: { keys: {}, roles: [delegated, delegated] } },
      'trust/malformed',
    ],
    [
      'with a SHA-512 alone',
      { targets: { a: { length: 1, hashes: { sha512: 'a'.repeat(128) } } } },
    ],
    ['with an unknown digest alone', { targets: { a: { length: 1, hashes: { md5: 'a' } } } }],
  ]
  for (const [what, change, code] of rows) {
    test(`${what} is ${code ? `refused with ${code}` : 'read'}`, () => {
      const head = { _type: 'targets', spec_version: '1.0.31', version: 1, targets: {} }
      const signed = { ...head, expires: '2027-01-01T00:00:00Z', ...change }
      const read = (): unknown => parseMetadata('targets', toCanonical({ signatures: [], signed }))
      if (code) assert.throws(read, { code })
      else read()
    })
  }
})

test('a root that does not say so has no consistent snapshots', async () => {
  const { files } = await pretendCatalogue(now)
  const { source } = parseMetadata('root', files.get('1.root.json') ?? new Uint8Array())
  const { consistent_snapshot: _, ...signed } = source
  const bytes = toCanonical({ signatures: [], signed })
  assert.equal(parseMetadata('root', bytes).signed.consistent_snapshot, false)
})

test('a key id that stands twice is refused, even where the signatures suffice', async () => {
  const bytes = await signedTargets([signer])
  refuseUnsigned('it', parseMetadata('targets', bytes), role)
  const { signatures, signed } = JSON.parse(Buffer.from(bytes).toString())
  for (const second of [signatures[0], { ...signatures[0], sig: '' }]) {
    const doubled = toUtf8(JSON.stringify({ signatures: [...signatures, second], signed }))
    assert.throws(() => refuseUnsigned('it', parseMetadata('targets', doubled), role), {
      code: 'trust/malformed',
    })
  }
})

test('a signature that is no hexadecimal spoils nothing', async () => {
  const { signatures, signed } = JSON.parse(Buffer.from(await signedTargets([signer])).toString())
  for (const sig of ['', 'x', 'abc', 'AB', 'ab'.repeat(64)]) {
    const beside = [...signatures, { keyid: 'b', sig }]
    const bytes = toUtf8(JSON.stringify({ signatures: beside, signed }))
    refuseUnsigned('it', parseMetadata('targets', bytes), role)
  }
})

async function signedTargets(signers: readonly Signer[]): Promise<Uint8Array> {
  const { signed } = await pretendCatalogue(now)
  return signMetadata(signed.acme, signers)
}
