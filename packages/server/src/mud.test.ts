import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fromUtf8, toBase64, toUtf8 } from '@steadfleet/base'
import { networkNeeds } from '@steadfleet/confine'
import { toMud } from '@steadfleet/confine/mud'
import { getMudFile, publishMudFile } from '@steadfleet/protocol'
import { openTestFleet, type TestFleet } from './testing/test-fleet.ts'

const made = (revision: number, about = 'A box') =>
  toMud(networkNeeds([]), {
    url: `https://acme.example/v1/mud/acme/box/${revision}.json`,
    lastUpdate: new Date('2026-11-21T00:00:00Z'),
    isSupported: true,
    about: { systeminfo: about },
  })
const signature = toBase64(toUtf8('a signature'))

describe('the MUD file of a model', { concurrency: false }, () => {
  let it: TestFleet
  before(async () => {
    it = await openTestFleet()
  })
  after(() => it[Symbol.asyncDispose]())

  const publish = (revision: number, file: Uint8Array, who = it.operator) =>
    who.call(publishMudFile, {
      params: { publisher: 'acme', name: 'box', revision: `${revision}` },
      body: { file: toBase64(file), signature },
    })
  const fetched = async (file: string) => {
    const { body, headers } = await it.anyone.open(getMudFile, {
      params: { publisher: 'acme', name: 'box', file },
    })
    return {
      type: headers['content-type'],
      bytes: new Uint8Array(await new Response(body).arrayBuffer()),
    }
  }

  test('is served to anyone, beside its signature, for good', async () => {
    await publish(1, made(1))
    await publish(1, made(1))
    assert.deepEqual(await fetched('1.json'), { type: 'application/mud+json', bytes: made(1) })
    const signed = await fetched('1.p7s')
    assert.equal(signed.type, 'application/pkcs7-signature')
    assert.equal(fromUtf8(signed.bytes), 'a signature')
    await assert.rejects(publish(1, made(1, 'Another box')), { code: 'mud/exists' })
    await assert.rejects(fetched('2.json'), { code: 'content/unknown' })
  })

  test('is not taken from a stranger, nor where it does not belong, nor where it is none', async () => {
    await assert.rejects(publish(3, made(3), it.anyone), { code: 'request/not-signed-in' })
    await assert.rejects(publish(3, made(4)), { code: 'mud/elsewhere' })
    await assert.rejects(publish(3, toUtf8('{"ietf-mud:mud":{}}')), { code: 'confine/mud' })
    await assert.rejects(publish(3, toUtf8('no JSON')), { code: 'json/syntax' })
  })
})
