import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { fromBase64Url, fromHex, toHex, toUtf8 } from '@steadfleet/base'
import { deviceIdOf, isSealed } from '@steadfleet/domain'
import { payloadTypes, preAuthenticationEncoding } from '@steadfleet/trust'
import { openSealed, sealingKeyOf, sealTo } from './hpke.ts'
import { openSecret, sealSecret, versionOfSealed } from './sealed-secret.ts'
import { sealingKeyIn, type VouchedKey } from './vouched-key.ts'

/** RFC 9180 appendix A.1.1, sequence number 0. */
const vector = {
  info: fromHex('4f6465206f6e2061204772656369616e2055726e'),
  ephemeral: fromHex('52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736'),
  enc: '37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431',
  privateKey: fromHex('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8'),
  publicKey: fromHex('3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d'),
  plaintext: fromHex('4265617574792069732074727574682c20747275746820626561757479'),
  aad: fromHex('436f756e742d30'),
  sealed:
    'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
}

describe('HPKE in base mode', () => {
  const { info, aad, publicKey, privateKey, ephemeral, plaintext } = vector
  const sealed = fromHex(vector.enc + vector.sealed)

  test('makes and opens the message of RFC 9180 A.1.1', async () => {
    assert.equal(toHex(await sealTo(publicKey, ephemeral, { info, aad }, plaintext)), toHex(sealed))
    assert.equal(toHex(await sealingKeyOf(privateKey)), toHex(publicKey))
    const opened = await openSealed(privateKey, { info, aad }, sealed)
    assert.equal(toHex(opened ?? toUtf8('')), toHex(plaintext))
  })

  const flipped = (at: number): Uint8Array => sealed.map((byte, i) => (i === at ? byte ^ 1 : byte))
  const smallOrder = new Uint8Array([...new Uint8Array(32), ...sealed.slice(32)])
  const spoilt: [what: string, opening: Promise<Uint8Array | undefined>][] = [
    ['another key', openSealed(ephemeral, { info, aad }, sealed)],
    ['another info', openSealed(privateKey, { info: aad, aad }, sealed)],
    ['another aad', openSealed(privateKey, { info, aad: info }, sealed)],
    ['another ephemeral key', openSealed(privateKey, { info, aad }, flipped(3))],
    ['a changed byte', openSealed(privateKey, { info, aad }, flipped(40))],
    ['a cut-off end', openSealed(privateKey, { info, aad }, sealed.slice(0, -1))],
    ['nothing but a key', openSealed(privateKey, { info, aad }, sealed.slice(0, 32))],
    ['half a key', openSealed(privateKey, { info, aad }, sealed.slice(0, 16))],
    ['a key of small order', openSealed(privateKey, { info, aad }, smallOrder)],
  ]
  for (const [what, opening] of spoilt) {
    test(`opens nothing of ${what}`, async () => assert.equal(await opening, undefined))
  }
})

describe('a sealed secret', () => {
  const place = { device: 'dev_a', package: 'acme/lamp', setting: 'token', version: 7 }
  const seal = () => sealSecret(place, vector.publicKey, vector.ephemeral, 'hunter2 ü')

  test('opens for its device, package, setting and version, and says which', async () => {
    const sealed = await seal()
    assert.ok(isSealed(sealed))
    assert.equal(versionOfSealed(sealed), 7)
    assert.equal(await openSecret(place, vector.privateKey, sealed), 'hunter2 ü')
    assert.ok(!isSealed('hunter2'))
  })

  const elsewhere = [
    { ...place, device: 'dev_b' },
    { ...place, package: 'acme/lamps' },
    { ...place, setting: 'password' },
  ]
  for (const other of elsewhere) {
    test(`opens nowhere else: ${Object.values(other).join(' ')}`, async () => {
      assert.equal(await openSecret(other, vector.privateKey, await seal()), undefined)
    })
  }

  test('under a number that it was not sealed with opens nothing', async () => {
    const replayed = (await seal()).replace('sealed1.7.', 'sealed1.8.')
    assert.equal(await openSecret(place, vector.privateKey, replayed), undefined)
  })
})

describe('the sealing key of a device', () => {
  const identity = keyFrom('11')
  const stranger = keyFrom('22')
  const device = deviceIdOf(identity.raw)
  const report = { type: 'report', device, sealingKey: toHex(vector.publicKey) }

  test('is believed where the device itself has signed for it', async () => {
    const found = await sealingKeyIn(device, vouched(identity, report))
    assert.deepEqual(found, { key: new Uint8Array(vector.publicKey) })
  })

  const lies: [what: string, said: VouchedKey, fault: RegExp][] = [
    ['of a key that is not the device’s', vouched(stranger, report), /another device/],
    ['that somebody else has signed', forged(report), /did not sign/],
    ['of another device', vouched(identity, { ...report, device: 'dev_x' }), /another device/],
    ['that is malformed', { ...vouched(identity, report), publicKey: 'abc' }, /malformed/],
    ['without a key', vouched(identity, { device }), /no sealing key yet/],
    [
      'that is no report',
      {
        ...vouched(identity, report),
        report: { ...vouched(identity, report).report, payloadType: 'x' },
      },
      /no state report/,
    ],
  ]
  for (const [what, said, fault] of lies) {
    test(`is not believed for a report ${what}`, async () => {
      const found = await sealingKeyIn(device, said)
      assert.ok('fault' in found)
      assert.match(found.fault, fault)
    })
  }

  function forged(document: object): VouchedKey {
    return { ...vouched(stranger, document), publicKey: toHex(identity.raw) }
  }
})

interface Key {
  readonly raw: Uint8Array
  sign(bytes: Uint8Array): string
}

function keyFrom(byte: string): Key {
  const der = Buffer.from(`302e020100300506032b657004220420${byte.repeat(32)}`, 'hex')
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const { x } = createPublicKey(key).export({ format: 'jwk' })
  const raw = fromBase64Url(x ?? '')
  return { raw, sign: bytes => sign(null, bytes, key).toString('base64') }
}

function vouched(key: Key, document: object): VouchedKey {
  const payload = toUtf8(JSON.stringify(document))
  const sig = key.sign(preAuthenticationEncoding(payloadTypes.report, payload))
  return {
    publicKey: toHex(key.raw),
    report: {
      payloadType: payloadTypes.report,
      payload: Buffer.from(payload).toString('base64'),
      signatures: [{ keyid: 'x', sig }],
    },
  }
}
