import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { describe, test } from 'node:test'
import { toUtf8 } from '@steadfleet/base'
import { httpbis } from 'http-message-signatures'
import {
  type ReadSignature,
  type RequestSigner,
  readSignature,
  type SignedParts,
  signRequest,
  verifySignature,
} from './signature.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const signer: RequestSigner = signerOf(privateKey)
const freshness = { nonce: 'bm9uY2U', sequence: 7 }
const get: SignedParts = { method: 'GET', targetUri: 'http://fleet.example:7117/v1/fleets?a=1' }
const put: SignedParts = {
  method: 'PUT',
  targetUri: 'http://fleet.example:7117/v1/owner/policy',
  body: toUtf8('{"a":1}'),
}

describe('a signed request', () => {
  for (const parts of [get, put]) {
    test(`of ${parts.method} verifies and tells its nonce, sequence and key`, async () => {
      const read = await roundTrip(parts)
      verifySignature(read, publicKey)
      assert.deepEqual(
        { nonce: read.nonce, sequence: read.sequence, keyid: read.keyid },
        { ...freshness, keyid: 'dev_x' },
      )
    })

    test(`of ${parts.method} verifies in http-message-signatures`, async () => {
      const headers = await signRequest(parts, freshness, signer)
      const isVerified = await httpbis.verifyMessage(
        {
          keyLookup: async () => ({
            id: 'dev_x',
            algs: ['ed25519'],
            verify: async (data, signature) => verify(null, data, publicKey, signature),
          }),
        },
        { method: parts.method, url: parts.targetUri, headers: { ...headers } },
      )
      assert.equal(isVerified, true)
    })
  }

  test('made by http-message-signatures verifies here', async () => {
    const { headers } = await httpbis.signMessage(
      {
        key: { id: 'dev_x', alg: 'ed25519', sign: async data => sign(null, data, privateKey) },
        name: 'steadfleet',
        fields: ['@method', '@target-uri'],
        params: ['nonce', 'keyid', 'alg', 'tag'],
        paramValues: { nonce: 'abc.1', tag: 'steadfleet' },
      },
      { method: get.method, url: get.targetUri, headers: {} },
    )
    const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
    verifySignature(readSignature(get, Object.fromEntries(lower)), publicKey)
  })
})

describe('a request is refused', () => {
  const other = createPublicKey(generateKeyPairSync('ed25519').privateKey)
  const changes: [what: string, parts: SignedParts, key: KeyObject][] = [
    ['with another method', { ...put, method: 'POST' }, publicKey],
    ['with another path', { ...put, targetUri: `${put.targetUri}2` }, publicKey],
    ['with another host', { ...put, targetUri: put.targetUri.replace('fleet', 'x') }, publicKey],
    ['with another body', { ...put, body: toUtf8('{"a":2}') }, publicKey],
    ['with another key', put, other],
  ]
  for (const [what, parts, key] of changes) {
    test(`as badly signed ${what}`, async () => {
      const headers = await signRequest(put, freshness, signer)
      assert.throws(() => verifySignature(readSignature(parts, headers), key), {
        code: 'request/bad-signature',
      })
    })
  }

  const spoils: [what: string, spoil: (input: string) => string | undefined, code: string][] = [
    ['without a signature', () => undefined, 'request/unsigned'],
    ['under another label', input => input.replace('steadfleet=', 'sig1='), 'request/unsigned'],
    ['with an empty cover', input => input.replace(/\(.*\)/, '()'), 'request/malformed'],
    ['with a narrower cover', input => input.replace(' "content-digest"', ''), 'request/malformed'],
    ['with a further parameter', input => `${input};created=1`, 'request/malformed'],
    ['with another algorithm', input => input.replace('ed25519', 'hmac'), 'request/malformed'],
    [
      'with another tag',
      input => input.replace('tag="steadfleet"', 'tag="x"'),
      'request/malformed',
    ],
    ['with sequence zero', input => input.replace('.7"', '.0"'), 'request/malformed'],
    ['with a nonce of two dots', input => input.replace('.7"', '.7.7"'), 'request/malformed'],
    ['with no dictionary', () => '(((', 'request/malformed'],
    [
      'with a parametrised component',
      i => i.replace('"@method"', '"@method";req'),
      'request/malformed',
    ],
  ]
  for (const [what, spoil, code] of spoils) {
    test(what, async () => {
      const headers = await signRequest(put, freshness, signer)
      const input = spoil(headers['signature-input'] ?? '')
      assert.throws(() => readSignature(put, { ...headers, 'signature-input': input }), { code })
    })
  }
})

describe('a header in another spelling', () => {
  const spellings: [what: string, spell: (header: string) => string][] = [
    ['with spaces around it', header => ` ${header} `],
    ['beside another label', header => `other=:AA==:, ${header}`],
  ]
  for (const [what, spell] of spellings) {
    test(`${what} is read as the plain one is`, async () => {
      const headers = await signRequest(put, freshness, signer)
      const plain = readSignature(put, headers)
      for (const name of ['signature-input', 'signature']) {
        const spelled = { ...headers, [name]: spell(headers[name] ?? '') }
        assert.deepEqual(readSignature(put, spelled), plain)
      }
      verifySignature(plain, publicKey)
    })
  }

  test('of base64 with bits left over is read as the dictionary reads it', async () => {
    const headers = await signRequest(put, freshness, signer)
    // Neither has the two bits of the other's that count.
    const signature = (headers.signature ?? '').replace(/(.)==:$/, (_, last) =>
      last === 'w' ? 'B==:' : 'x==:',
    )
    assert.throws(() => verifySignature(readSignature(put, { ...headers, signature }), publicKey), {
      code: 'request/bad-signature',
    })
  })
})

async function roundTrip(parts: SignedParts): Promise<ReadSignature> {
  return readSignature(parts, await signRequest(parts, freshness, signer))
}

function signerOf(key: KeyObject): RequestSigner {
  return { keyid: 'dev_x', sign: async bytes => sign(null, bytes, key) }
}
