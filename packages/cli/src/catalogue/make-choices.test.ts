import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readSigned, signerFromPem } from '@steadfleet/authority'
import { openServedFleet, type ServedFleet } from '../fleet/testing.ts'

describe('who signs and who builds in a catalogue that an owner makes', {
  concurrency: false,
}, () => {
  let it: ServedFleet
  before(async () => {
    it = await openServedFleet()
  })
  after(() => it[Symbol.asyncDispose]())

  test('are the publisher’s own key and the fleet’s own builder, where nothing is said', async () => {
    await it.done('catalogue make garden')
    assert.equal(delegation('garden')?.threshold, 1)
    assert.deepEqual(builders('garden'), [['https://steadfleet.dev/cli', publicKey('builder')]])
  })

  test('are as many keys and builders as are said', async () => {
    const ci = join(it.offline, 'builder.pub')
    const also = join(it.offline, 'owner-1.pub')
    const builder = `https://ci.example/acme=${ci}`
    const keys = '--key publisher-acme --key operator'
    await it.done(`catalogue make shed ${keys} --also ${also} --threshold 2 --builder ${builder}`)
    const { keyids = [], threshold } = delegation('shed') ?? {}
    assert.deepEqual([keyids.length, threshold], [3, 2])
    assert.deepEqual(builders('shed'), [['https://ci.example/acme', publicKey('builder')]])
  })

  test('sign the first role in sufficient number, or nothing is made', async () => {
    const { exit, err } = await it.run('catalogue make barn --key operator --threshold 2')
    assert.equal(exit, 1)
    assert.match(err, /cli\/key/)
  })

  function file(catalogue: string, name: string) {
    return readSigned('targets', readFileSync(join(it.data, 'catalogues', catalogue, name)))
  }

  function delegation(catalogue: string) {
    return file(catalogue, '1.targets.json').delegations?.roles?.find(({ name }) => name === 'acme')
  }

  function builders(catalogue: string) {
    return file(catalogue, '1.acme.json').builders?.map(({ id, key }) => [id, key.keyval.public])
  }

  function publicKey(name: string): string {
    const pem = readFileSync(join(it.offline, `${name}.pem`), 'utf8')
    return signerFromPem(pem).key.keyval.public
  }
})
