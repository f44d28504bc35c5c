import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { isEncryptedPem } from './encrypted-key.ts'
import {
  publicKeyFromPem,
  signerFromPem,
  signerFromSeed,
  toEncryptedPkcs8Pem,
  toPkcs8Pem,
  toPublicPem,
} from './signer.ts'
import { seedOf } from './testing/index.ts'

const fresh = { salt: randomBytes(16), iv: randomBytes(16) }
const passphrase = 'Grüne Gewächshäuser im März'
const { keyid, key } = signerFromSeed(seedOf('acme'))
const sealed = toEncryptedPkcs8Pem(seedOf('acme'), passphrase, fresh)

test('an encrypted key is the same key to whoever has the passphrase', () => {
  assert.equal(signerFromPem(sealed, passphrase).keyid, keyid)
  assert.ok(isEncryptedPem(sealed))
  assert.ok(!isEncryptedPem(toPkcs8Pem(seedOf('acme'))))
})

test('a passphrase counts however its accents were typed', () => {
  assert.equal(signerFromPem(sealed, passphrase.normalize('NFD')).keyid, keyid)
})

test('the same input gives the same file, and other salt another one', () => {
  assert.equal(toEncryptedPkcs8Pem(seedOf('acme'), passphrase, fresh), sealed)
  const other = { ...fresh, salt: randomBytes(16) }
  assert.notEqual(toEncryptedPkcs8Pem(seedOf('acme'), passphrase, other), sealed)
})

const refused: [what: string, open: () => unknown][] = [
  ['no passphrase', () => signerFromPem(sealed)],
  ['a wrong one', () => signerFromPem(sealed, 'guess')],
  ['an empty one', () => signerFromPem(sealed, '')],
  [
    'a file that was cut',
    () => signerFromPem(sealed.replace(/\n.*\n-----END/, '\n-----END'), passphrase),
  ],
]
for (const [what, open] of refused) {
  test(`an encrypted key does not open by ${what}, and quotes none`, () => {
    assert.throws(open, error => {
      assert.equal((error as { code: string }).code, 'authority/passphrase')
      assert.ok(!String(error).includes(passphrase) && !String(error).includes('guess'))
      return true
    })
  })
}

describe('openssl', { skip: !existsSync('/usr/bin/openssl') && 'openssl is not here' }, () => {
  test('reads an encrypted key of ours as the key it is', t => {
    const pem = openssl(t, sealed, ['pkey', '-passin', `pass:${passphrase}`])
    assert.equal(signerFromPem(pem).keyid, keyid)
  })

  test('sees scrypt and AES-256 in it', t => {
    const said = openssl(t, sealed, ['asn1parse'])
    for (const name of ['PBES2', 'scrypt', 'aes-256-cbc']) assert.ok(said.includes(name), name)
  })

  for (const [kind, words] of [
    ['scrypt', ['-scrypt']],
    ['PBKDF2', ['-v2', 'aes-256-cbc', '-iter', '1000']],
  ] as const) {
    test(`writes one with ${kind} that we read`, t => {
      const plain = toPkcs8Pem(seedOf('acme'))
      const pem = openssl(t, plain, ['pkcs8', '-topk8', ...words, '-passout', 'pass:other'])
      assert.ok(isEncryptedPem(pem))
      assert.equal(signerFromPem(pem, 'other').keyid, keyid)
    })
  }
})

test('a public key comes back from its PEM file', () => {
  assert.deepEqual(publicKeyFromPem(toPublicPem(key)), key)
})

const weak = `-----BEGIN PUBLIC KEY-----\n${Buffer.concat([
  Buffer.from('302a300506032b6570032100', 'hex'),
  Buffer.alloc(32),
]).toString('base64')}\n-----END PUBLIC KEY-----\n`
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const unwelcome: [what: string, pem: string, code: string][] = [
  ['a private key', toPkcs8Pem(seedOf('acme')), 'authority/key'],
  [
    'a key of another kind',
    String(publicKey.export({ type: 'spki', format: 'pem' })),
    'authority/key',
  ],
  ['nothing', '', 'authority/key'],
  ['a broken file', toPublicPem(key).replace('MC', 'AA'), 'authority/key'],
  ['a key that signs for anybody', weak, 'trust/weak-key'],
]
for (const [what, pem, code] of unwelcome) {
  test(`${what} is taken for no public key`, () => {
    assert.throws(() => publicKeyFromPem(pem), { code })
  })
}

function openssl(t: { after(end: () => void): void }, pem: string, words: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-key-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'key.pem')
  writeFileSync(file, pem, { mode: 0o600 })
  return execFileSync('openssl', [...words, '-in', file], { encoding: 'utf8' })
}
