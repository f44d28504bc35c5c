import assert from 'node:assert/strict'
import { cpSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openServedFleet, type ServedFleet } from '../fleet/testing.ts'
import { revisionsOf, writeHub } from './testing.ts'

describe('a publisher whose role two keys must sign', { concurrency: false }, () => {
  let it: ServedFleet
  const done = (words: string) => it.done(words)
  before(async () => {
    it = await openServedFleet()
    writeHub(join(it.directory, 'hub'))
    await done('keys make second --unencrypted')
    await done('targets begin --add acme=second --threshold acme=2 --out two.draft')
    const keys = ['targets-1', 'targets-2', 'publisher-acme', 'second']
    await done(`targets sign two.draft ${keys.map(key => `--key ${key}`).join(' ')}`)
    await done('targets apply two.draft')
  })
  after(() => it[Symbol.asyncDispose]())

  const short: [what: string, keys: string, signed: number][] = [
    ['its own key', '', 1],
    ['the other key', '--key second', 1],
    ['one key that is named twice', '--key second --key second', 1],
  ]
  for (const [what, keys, signed] of short) {
    test(`drafts what ${what} signed, and publishes nothing of it`, async () => {
      const out = `${what.replaceAll(' ', '-')}.draft`
      const { drafted } = JSON.parse(await done(`publish hub ${keys} --out ${out} --json`))
      const { standing } = drafted
      assert.deepEqual([standing.signed.length, standing.threshold], [signed, 2])
      assert.deepEqual(await revisionsOf(it), [])
      const applied = await it.run(`publisher apply ${out}`)
      assert.match(applied.err, /trust\/threshold/)
    })
  }

  test('takes no signature of a key that the catalogue does not name', async () => {
    const { exit, err } = await it.run('publish hub --key owner-1')
    assert.equal(exit, 1)
    assert.match(err, /authority\/not-asked/)
  })

  test('publishes when a second person has read and signed the draft elsewhere', async () => {
    await done('publish hub --out publisher-3.draft --channel latest/stable')
    const elsewhere = join(it.directory, 'elsewhere')
    mkdirSync(elsewhere)
    cpSync(join(it.directory, 'publisher-3.draft'), join(elsewhere, 'publisher-3.draft'))
    cpSync(join(it.offline, 'second.pem'), join(elsewhere, 'second.pem'))
    const seen = await it.run('publisher review publisher-3.draft', elsewhere)
    assert.match(seen.out, /^ {2}\+ acme\/hub\/1\/amd64: .*sha256 [0-9a-f]{64}/m)
    assert.match(seen.out, /0 of 2 signatures/)
    const signed = await it.run('publisher sign publisher-3.draft --key second.pem', elsewhere)
    cpSync(signed.out.trim(), join(it.directory, basename(signed.out.trim())))
    assert.match(await done('publisher apply publisher-3.draft'), /role\/acme 3 is in force/)
    assert.deepEqual(await revisionsOf(it), [1])
    assert.match(await done('publisher apply publisher-3.draft'), /role\/acme 3 is in force/)
  })

  test('publishes at once where both keys are here', async () => {
    await done('publish hub --key publisher-acme --key second')
    assert.deepEqual(await revisionsOf(it), [1, 2])
  })

  test('renews its role, and says who may build, by the same two', async () => {
    await done('publisher begin --out renewed.draft')
    await done('publisher sign renewed.draft --key publisher-acme --key second')
    assert.match(await done('publisher apply renewed.draft'), /role\/acme 5 is in force/)
    const add = 'builder add https://ci.example second.pub --out builder.draft'
    cpSync(join(it.offline, 'second.pub'), join(it.directory, 'second.pub'))
    await done(add)
    assert.deepEqual(JSON.parse(await done('builder list --json')).length, 1)
    await done('publisher sign builder.draft --key second')
    await done('publisher apply builder.draft')
    assert.deepEqual(JSON.parse(await done('builder list --json')).length, 2)
  })
})
