import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { signPayload, signStatement } from '@steadfleet/authority'
import { pretendSigner } from '@steadfleet/authority/testing'
import { fromUtf8, toUtf8 } from '@steadfleet/base'
import {
  type Envelope,
  openEnvelope,
  parseEnvelopeBytes,
  preAuthenticationEncoding,
} from './envelope.ts'

const type = 'application/vnd.steadfleet.test+json'
const [a, b] = ['a', 'b'].map(pretendSigner)
assert.ok(a && b)
const role = { keys: [a.key, b.key], threshold: 2 }

test('what DSSE signs is what its specification prints', () => {
  const encoded = preAuthenticationEncoding('http://example.com/HelloWorld', toUtf8('hello world'))
  assert.equal(fromUtf8(encoded), 'DSSEv1 29 http://example.com/HelloWorld 11 hello world')
})

test('lengths are counted in bytes', () => {
  assert.equal(fromUtf8(preAuthenticationEncoding('ä', toUtf8('ö€'))), 'DSSEv1 2 ä 5 ö€')
})

test('an envelope that enough keys have signed opens to its payload', async () => {
  const sealed = await signStatement(type, { a: 1 }, [a, b])
  assert.deepEqual(openEnvelope(sealed, type, role), { a: 1 })
})

describe('an envelope', () => {
  const spoilt: { name: string; code: string; spoil: (sealed: Envelope) => Envelope }[] = [
    {
      name: 'of another type',
      code: 'trust/malformed',
      spoil: sealed => ({ ...sealed, payloadType: 'application/json' }),
    },
    {
      name: 'with one signature',
      code: 'trust/threshold',
      spoil: sealed => ({ ...sealed, signatures: sealed.signatures.slice(1) }),
    },
    {
      name: 'with another payload',
      code: 'trust/threshold',
      spoil: sealed => ({ ...sealed, payload: 'e30=' }),
    },
    {
      name: 'whose base64 has a second spelling',
      code: 'trust/malformed',
      spoil: sealed => ({ ...sealed, payload: 'e31=' }),
    },
    {
      name: 'whose signature is base64url',
      code: 'trust/malformed',
      spoil: sealed => ({ ...sealed, signatures: [{ keyid: a.keyid, sig: '_-8' }] }),
    },
  ]
  for (const { name, code, spoil } of spoilt) {
    test(`${name} stays shut`, async () => {
      const sealed = await signStatement(type, { a: 1 }, [a, b])
      assert.throws(() => openEnvelope(spoil(sealed), type, role), { code })
    })
  }

  for (const [payload, reason] of [
    ['{"a":1,"a":2}', 'json/duplicate-key'],
    ['{"a":1.5}', 'json/number'],
    ['not json', 'json/syntax'],
  ] as const) {
    test(`whose signed payload is ${payload} stays shut with ${reason}`, async () => {
      const sealed = await signPayload(type, toUtf8(payload), [a, b])
      assert.throws(() => openEnvelope(sealed, type, role), {
        code: 'trust/malformed',
        details: { what: type, reason },
      })
    })
  }

  test('is read from strict JSON alone', () => {
    const twice = `{"payload":"","payload":"e30=","payloadType":"x","signatures":[]}`
    assert.throws(() => parseEnvelopeBytes(toUtf8(twice)), { code: 'trust/malformed' })
    assert.throws(() => parseEnvelopeBytes(toUtf8('{"payload":""}')), { code: 'trust/malformed' })
  })
})
