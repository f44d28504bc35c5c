import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { fromHex, toHex } from '@steadfleet/base'
import { isSignedBy } from '@steadfleet/trust'
import { rawPublicKey, signerFromPem, signerFromSeed, toPkcs8Pem } from './signer.ts'
import { seedOf } from './testing/index.ts'

test('a seed grows into the key and signature of RFC 8032 §7.1, test 2', async () => {
  const seed = fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb')
  const signer = signerFromSeed(seed)
  assert.equal(
    signer.key.keyval.public,
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
  )
  assert.equal(
    toHex(await signer.sign(Uint8Array.of(0x72))),
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  )
})

test('a PEM file holds the key of its seed, and what it signs verifies', async () => {
  const seed = seedOf('acme')
  const signer = signerFromPem(toPkcs8Pem(seed))
  assert.equal(signer.keyid, signerFromSeed(seed).keyid)
  assert.ok(isSignedBy(rawPublicKey(signer), seed, await signer.sign(seed)))
})

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const refused: [what: string, make: () => unknown][] = [
  ['a seed of 31 bytes', () => signerFromSeed(new Uint8Array(31))],
  ['a PEM of nothing', () => signerFromPem('')],
  [
    'a PEM of another kind of key',
    () => signerFromPem(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
  ],
  ['a PEM that is cut short', () => signerFromPem(toPkcs8Pem(seedOf('acme')).slice(0, 60))],
]
for (const [what, make] of refused) {
  test(`${what} is refused, and not quoted`, () => {
    assert.throws(make, { code: 'authority/key', details: {} })
  })
}
