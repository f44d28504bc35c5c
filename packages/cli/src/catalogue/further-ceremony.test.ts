import assert from 'node:assert/strict'
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { signerFromPem } from '@steadfleet/authority'
import { parseMetadata } from '@steadfleet/trust'
import { openServedFleet, type ServedFleet } from '../fleet/testing.ts'

const online = ['snapshot', 'timestamp'] as const

describe('the offline documents of a further catalogue', { concurrency: false }, () => {
  let it: ServedFleet
  before(async () => {
    it = await openServedFleet()
    await it.done('catalogue make garden')
    await it.done('policy apply')
  })
  after(() => it[Symbol.asyncDispose]())

  test('are drafted from what it has, and are of no other catalogue', async () => {
    const rotate = online.map(role => `--rotate ${role}`).join(' ')
    await it.done(`root begin --catalogue garden ${rotate} --out root.draft`)
    await it.done('root sign root.draft --key garden-root-1 --key garden-root-3')
    const { exit, err } = await it.run('root apply root.draft')
    assert.equal(exit, 1)
    assert.match(err, /trust\/threshold/)
    assert.deepEqual(signers('timestamp'), [keyid('timestamp')])
    assert.ok(existsSync(keyFile('timestamp.next')))
  })

  test('give its online roles new keys, and take the old ones away', async () => {
    const next = online.map(role => keyid(`${role}.next`))
    assert.match(await it.done('root apply root.draft --catalogue garden'), /root 2 is in force/)
    assert.deepEqual(
      online.map(role => keyid(role)),
      next,
    )
    assert.ok(!existsSync(keyFile('timestamp.next')))
    // Both keys signed it: it holds under the root before and the root after.
    assert.ok(signers('timestamp').includes(keyid('timestamp')))
    assert.match(await it.done('root apply root.draft --catalogue garden'), /root 2 is in force/)
  })

  test('say who publishes in it, under the keys that it has now', async () => {
    cpSync(join(it.offline, 'operator.pub'), join(it.directory, 'bolt.pub'))
    await it.done('targets begin --catalogue garden --add bolt=bolt.pub --out targets.draft')
    const short = await it.run('targets apply targets.draft --catalogue garden')
    assert.match(short.err, /trust\/threshold/)
    await it.done('targets sign targets.draft --key garden-targets-1 --key garden-targets-2')
    await it.done('targets apply targets.draft --catalogue garden')
    assert.deepEqual(signers('timestamp'), [keyid('timestamp')])
    const { delegations } = parseMetadata('targets', file('2.targets.json')).signed
    assert.deepEqual(delegations?.roles?.map(({ name }) => name).sort(), ['acme', 'bolt'])
  })

  test('let its publisher renew its role there', async () => {
    await it.done('publisher begin --catalogue garden --out role.draft')
    await it.done('publisher sign role.draft --key publisher-acme')
    const applied = await it.done('publisher apply role.draft --catalogue garden')
    assert.match(applied, /role\/acme 2 is in force/)
  })

  test('are of a catalogue that the policy names', async () => {
    const { err } = await it.run('root begin --catalogue nowhere')
    assert.match(err, /cli\/not-found/)
  })

  function keyFile(name: string): string {
    return join(it.data, 'signer/catalogues/garden', `${name}.pem`)
  }

  function keyid(name: string): string {
    return signerFromPem(readFileSync(keyFile(name), 'utf8')).keyid
  }

  function file(name: string): Uint8Array {
    return new Uint8Array(readFileSync(join(it.data, 'catalogues/garden', name)))
  }

  function signers(role: 'timestamp'): string[] {
    const { signatures } = parseMetadata(role, file(`${role}.json`))
    return signatures.map(({ keyid: id }) => id)
  }
})
