import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { listFleets, listGrants, setModel } from '@steadfleet/protocol'
import { openServedFleet, type ServedFleet } from '../fleet/testing.ts'
import { writeHub } from '../publish/testing.ts'

const mudTypes = [
  ['json', 'application/mud+json'],
  ['p7s', 'application/pkcs7-signature'],
] as const

describe('the model of a fleet', { concurrency: false }, () => {
  let it: ServedFleet
  before(async () => {
    it = await openServedFleet()
  })
  after(() => it?.[Symbol.asyncDispose]())

  test('is shown as its publisher signed it', async () => {
    const shown = await it.done('model show')
    assert.match(shown, /^acme\/box\/1\/all: /)
    assert.match(shown, /^requires: nothing$/m)
  })

  test('is changed by the next statement, which the fleet is ordered by', async () => {
    const said = JSON.parse(await it.done('model publish --development no --summary Sealed --json'))
    assert.equal(said.path, 'acme/box/2/all')
    assert.equal(said.changes.length, 2)
    assert.equal((await ownFleet())?.model, 'acme/box/2/all')
    const { statement } = JSON.parse(await it.done('model show --json'))
    assert.deepEqual([statement.revision, statement.development], [2, false])
  })

  test('goes back to an earlier statement, and on from the highest', async () => {
    await it.done('model use acme/box/1/all')
    assert.equal((await ownFleet())?.model, 'acme/box/1/all')
    await it.done('model publish --interface camera')
    assert.equal((await ownFleet())?.model, 'acme/box/3/all')
  })

  test('grants by rule what the server then has of it, and takes it back', async () => {
    const listed = async () =>
      (
        await it.fleet.client.call(listGrants, {
          params: { fleet: it.fleet.home.fleet },
          query: {},
        })
      ).modelRules
    await it.done('model publish --grant network-lan=acme/* --grant usb=acme/hub')
    assert.match(
      await it.done('model show'),
      /^grants: network-lan to acme\/\*, usb to acme\/hub$/m,
    )
    assert.deepEqual(await listed(), { 'network-lan': ['acme/*'], usb: ['acme/hub'] })
    assert.match(await it.done('grants list'), /^model: usb for acme\/hub$/m)
    await it.done('model publish --without-grant network-lan=acme/* --without-grant usb=acme/hub')
    assert.deepEqual(await listed(), {})
    await it.done('model use acme/box/3/all')
  })

  const refusals: [what: string, words: string, why: RegExp][] = [
    ['says nothing new', 'model publish --interface camera', /what is in force/],
    ['requires what the fleet does not run', 'model publish --require acme/hub', /does not run/],
    ['is not there', 'model use acme/box/9/all', /no catalogue has it/],
    ['grants what no rule grants', 'model publish --grant time-control=acme/hub', /by a rule/],
    ['grants what there is not', 'model publish --grant camra=acme/hub', /none of that name/],
    ['grants nobody', 'model publish --grant camera', /INTERFACE=PUBLISHER/],
    ['is said in no known word', 'model publish --development maybe', /yes or no/],
  ]
  for (const [what, words, why] of refusals) {
    test(`that ${what} is refused`, async () => {
      const { exit, err } = await it.run(words)
      assert.notEqual(exit, 0)
      assert.match(err, why)
      assert.equal((await ownFleet())?.model, 'acme/box/3/all')
    })
  }

  test('is refused by the server too, where a statement is not there', async () => {
    const { client, home } = it.fleet
    const put = client.call(setModel, {
      params: { fleet: home.fleet },
      body: { model: 'acme/box/9/all' },
    })
    await assert.rejects(put, { code: 'fleet/unknown-model' })
  })

  test('has a MUD file that its server serves where the file says, with its signature', {
    skip: spawnSync('openssl', ['version']).status !== 0 && 'there is no openssl',
  }, async () => {
    writeHub(join(it.directory, 'hub'))
    const url = 'https://acme.example/v1/mud/acme/box/1.json'
    await it.done(`mud make ${url} --package hub --maker Acme --about Box --out box.json`)
    const key = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=Acme'
    const words = `req -x509 ${key} -keyout box.key -out box.pem`.split(' ')
    execFileSync('openssl', words, { cwd: it.directory, stdio: 'ignore' })
    assert.match((await it.run('mud publish box.json')).err, /cannot read box\.p7s/)
    await it.done('mud sign box.json --certificate box.pem --key box.key')
    const said = JSON.parse(await it.done('mud publish box.json --json'))
    assert.equal(said.url, url)
    for (const [name, type] of mudTypes) {
      const reply = await fetch(`${it.fleet.home.server}/v1/mud/acme/box/1.${name}`)
      assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, type])
      const served = Buffer.from(await reply.arrayBuffer())
      assert.deepEqual(served, readFileSync(join(it.directory, `box.${name}`)))
    }
  })

  async function ownFleet() {
    return (await it.fleet.client.call(listFleets, {})).find(({ name }) => name === 'home')
  }
})
