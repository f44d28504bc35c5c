import assert from 'node:assert/strict'
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fromHex, toUtf8 } from '@steadfleet/base'
import { toVerifyingKey } from './algorithm.ts'
import { keyIdOf, type PublicKey, refuseBelowThreshold } from './key.ts'

const message = toUtf8('what is signed')
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING }

describe('a key', () => {
  const rows: [keytype: string, scheme: string, key: KeyObject, sig: Uint8Array][] = [
    ['ecdsa', 'ecdsa-sha2-nistp256', p256.publicKey, sign('sha256', message, p256.privateKey)],
    ['rsa', 'rsa-pkcs1v15-sha256', rsa.publicKey, sign('sha256', message, rsa.privateKey)],
    ...[0, 32, 64].map(
      saltLength =>
        [
          'rsa',
          'rsassa-pss-sha256',
          rsa.publicKey,
          sign('sha256', message, { key: rsa.privateKey, ...pss, saltLength }),
        ] as [string, string, KeyObject, Uint8Array],
    ),
  ]
  for (const [keytype, scheme, key, sig] of rows) {
    test(`of ${keytype} ${scheme} verifies what it signed, and nothing else`, () => {
      const verifying = toVerifyingKey(keytype, scheme, pemOf(key))
      assert.equal(verifying?.isSigned(message, sig), true)
      assert.equal(verifying.isSigned(toUtf8('other'), sig), false)
      assert.equal(verifying.isSigned(message, sig.subarray(1)), false)
      assert.equal(verifying.isSigned(message, new Uint8Array()), false)
    })
  }

  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  const three = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey
  const good = pemOf(p256.publicKey)
  const nothings: [what: string, keytype: string, scheme: string, spelling: string][] = [
    ['P-384', 'ecdsa', 'ecdsa-sha2-nistp256', pemOf(p384)],
    ['1,024 bits', 'rsa', 'rsassa-pss-sha256', pemOf(short)],
    ['exponent 3', 'rsa', 'rsassa-pss-sha256', pemOf(three)],
    ['another type than it says', 'rsa', 'rsassa-pss-sha256', good],
    ['another scheme', 'ecdsa', 'ecdsa-sha2-nistp384', good],
    ['no known type', 'constructor', 'toString', good],
    ['two in one', 'ecdsa', 'ecdsa-sha2-nistp256', good + good],
    ['text before it', 'ecdsa', 'ecdsa-sha2-nistp256', `x\n${good}`],
    ['a cut end', 'ecdsa', 'ecdsa-sha2-nistp256', good.replace(/[^\n]{8}\n---/, '\n---')],
    ['a private key', 'ecdsa', 'ecdsa-sha2-nistp256', privatePem(p256.privateKey)],
    ['hexadecimal', 'ecdsa', 'ecdsa-sha2-nistp256', 'ab'.repeat(64)],
    ['an Ed25519 PEM', 'ed25519', 'ed25519', pemOf(generateKeyPairSync('ed25519').publicKey)],
  ]
  for (const [what, keytype, scheme, spelling] of nothings) {
    test(`of ${what} counts for nothing`, () => {
      assert.equal(toVerifyingKey(keytype, scheme, spelling), undefined)
    })
  }

  test('is one signer, whatever the spelling of its PEM and its scheme', () => {
    const spelling = pemOf(rsa.publicKey)
    const keys = [
      toKey('rsa', 'rsassa-pss-sha256', spelling),
      toKey('rsa', 'rsassa-pss-sha256', spelling.trimEnd()),
      toKey('rsa', 'rsa-pkcs1v15-sha256', spelling),
    ]
    const signatures = keys.map(key => ({
      keyid: keyIdOf(key),
      sig: sign('sha256', message, {
        key: rsa.privateKey,
        ...(key.scheme === 'rsassa-pss-sha256' ? pss : {}),
      }),
    }))
    assert.throws(() => refuseBelowThreshold('it', { keys, threshold: 2 }, message, signatures), {
      code: 'trust/threshold',
      details: { what: 'it', threshold: 2, signatures: 1 },
    })
  })
})

describe('a P-256 check agrees with Wycheproof', () => {
  interface Group {
    readonly publicKeyPem: string
    readonly tests: readonly { tcId: number; msg: string; sig: string; result: string }[]
  }
  const file = new URL('../../../vectors/p256/wycheproof.json', import.meta.url)
  const { testGroups } = JSON.parse(readFileSync(file, 'utf8')) as { testGroups: Group[] }
  const cases = testGroups.flatMap(({ publicKeyPem, tests }) =>
    tests.map(one => ({ ...one, publicKeyPem })),
  )
  test(`on all of its ${cases.length} cases`, () => {
    assert.ok(cases.length >= 480)
    for (const { tcId, publicKeyPem, msg, sig, result } of cases) {
      const key = toVerifyingKey('ecdsa', 'ecdsa-sha2-nistp256', publicKeyPem)
      const holds = key?.isSigned(fromHex(msg), Buffer.from(sig, 'hex'))
      assert.equal(holds, result === 'valid', `case ${tcId}`)
    }
  })
})

function toKey(keytype: string, scheme: string, spelling: string): PublicKey {
  return { keytype, scheme, keyval: { public: spelling } }
}

function pemOf(key: KeyObject): string {
  return String(key.export({ format: 'pem', type: 'spki' }))
}

function privatePem(key: KeyObject): string {
  return String(key.export({ format: 'pem', type: 'pkcs8' }))
}
