import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fromHex, toHex } from '@steadfleet/base'
import { makeSessionKeys, makeShare, type SessionTerms } from './session.ts'

const alice = makeShare(new Uint8Array(32).fill(5))
/** Of RFC 7748 §6.1. */
const bob = makeShare(fromHex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'))

const terms: SessionTerms = {
  origin: 'https://fleet.example',
  device: 'dev_x',
  nonce: 'bm9uY2U',
  session: 'dss_abcdefghijklmnopqrst',
  deviceKey: alice.publicKey,
  serverKey: bob.publicKey,
}
const key = toHex(alice.agree(bob.publicKey, terms))

describe('a session’s key', () => {
  test('is agreed on with the public key that RFC 7748 §6.1 has for a private one', () => {
    assert.equal(bob.publicKey, 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f')
  })

  test('is the same on both sides', () => {
    assert.equal(toHex(bob.agree(alice.publicKey, terms)), key)
  })

  for (const name of Object.keys(terms) as (keyof SessionTerms)[]) {
    test(`is another under another ${name}`, () => {
      const other = { ...terms, [name]: `${terms[name]}0` }
      assert.notEqual(toHex(alice.agree(bob.publicKey, other)), key)
    })
  }

  test('the device agrees on with what its client was told', async () => {
    const seed = new Uint8Array(32).fill(7)
    const { publicKey, accept } = makeSessionKeys(() => seed).offer()
    const { deviceKey: _, ...agreed } = terms
    const { alg, keyid, sign } = accept(agreed)
    assert.deepEqual([alg, keyid], ['hmac-sha256', terms.session])
    const mac = await sign(new Uint8Array())
    assert.equal(mac.length, 32)
    assert.equal(publicKey, makeShare(seed).publicKey)
  })
})

/** The u-coordinates of small order on Curve25519, and two of them above the prime. */
const small = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]
for (const point of [...small, 'ab', '']) {
  test(`nothing is agreed on with ${point === '' ? 'nothing' : `${point.slice(0, 8)}…`}`, () => {
    assert.throws(() => alice.agree(point, terms), { code: 'request/weak-share' })
  })
}
