import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { listReleases, listRoles } from '@steadfleet/protocol'
import { openServedFleet, type ServedFleet } from '../fleet/testing.ts'
import { revisionsOf, writeHub } from './testing.ts'

describe('a publisher whose releases lie in bins', { concurrency: false }, () => {
  let it: ServedFleet
  const done = (words: string) => it.done(words)
  before(async () => {
    it = await openServedFleet()
    writeHub(join(it.directory, 'hub'))
    await done('publish hub')
  })
  after(() => it[Symbol.asyncDispose]())

  test('began with one file, which says how many it holds', async () => {
    assert.deepEqual(JSON.parse(await done('publisher bins --json')), { bins: 0, releases: 2 })
  })

  const odd: [count: string, code: RegExp][] = [
    ['3', /authority\/bins/],
    ['8192', /authority\/bins/],
    ['1', /cli\/exists/],
    ['0', /cli\/usage/],
  ]
  for (const [count, code] of odd) {
    test(`takes no ${count} bins`, async () => {
      assert.match((await it.run(`publisher bins ${count}`)).err, code)
    })
  }

  test('spreads them over bins at once, and nothing is published twice', async () => {
    assert.match(await done('publisher bins 16'), /2 releases are in 16 bins/)
    assert.deepEqual(JSON.parse(await done('publisher bins --json')), { bins: 16, releases: 2 })
    assert.equal(filesOf('acme.bin-').length, 16)
    assert.deepEqual(await revisionsOf(it), [1])
  })

  test('publishes by signing the one bin that the release falls into', async () => {
    const before = filesOf('acme')
    writeFileSync(join(it.directory, 'hub/app/notes'), 'mqtt://root:xc3511@192.0.2.1\n')
    await done('publish hub')
    const signed = filesOf('acme').filter(file => !before.includes(file))
    assert.equal(signed.length, 1)
    assert.match(signed[0] ?? '', /^2\.acme\.bin-[0-9a-f]\.json$/)
    assert.deepEqual(await revisionsOf(it), [1, 2])
  })

  test('shows with each release what was found in its tree', async () => {
    assert.match(await done('release show acme/hub 1'), /^hygiene +nothing was found$/m)
    const found = await done('release show acme/hub 2')
    assert.match(found, /^hygiene +1 severe$/m)
    assert.match(found, /^ {2}severe {2}srv\/notes: .*\(default-password\)$/m)
    assert.doesNotMatch(found, /xc3511/)
  })

  test('is one role to those who look after it, and one line of who publishes', async () => {
    const roles = await it.fleet.client.call(listRoles, {})
    assert.equal(roles.filter(({ role }) => role.startsWith('acme')).length, 1)
    const catalogues = JSON.parse(await done('catalogue list --json'))
    assert.deepEqual(catalogues[0].publishers, ['acme'])
  })

  test('renews the role and every bin in one ceremony', async () => {
    const begun = await done('publisher begin --out renewed.draft')
    assert.match(begun, /role\/acme 3 → 4/)
    assert.match(begun, /role\/acme\.bin-\w 1 → 2 … role\/acme\.bin-\w 1 → 2, 15 bins/)
    await done('publisher sign renewed.draft --key publisher-acme')
    assert.match(await done('publisher apply renewed.draft'), /role\/acme 4 is in force/)
    assert.deepEqual(JSON.parse(await done('publisher bins --json')), { bins: 16, releases: 3 })
  })

  test('keeps them when its key is replaced: every bin is signed anew, or none is', async () => {
    await done('keys make fresh --unencrypted')
    await done('targets begin --add acme=fresh --remove acme=publisher-acme --out key.draft')
    await done('targets sign key.draft --key targets-1 --key targets-2')
    assert.match((await it.run('targets apply key.draft')).err, /trust\/threshold/)
    await done('targets sign key.draft --key fresh')
    await done('targets apply key.draft')
    assert.match((await it.run('publish hub')).err, /authority\/not-asked/)
    await done('publish hub --key fresh')
    assert.deepEqual(await revisionsOf(it), [1, 2, 3])
  })

  test('takes fewer bins, more and none: names and versions go on where they were', async () => {
    for (const [count, bins] of [
      ['4', 4],
      ['32', 32],
      ['1', 0],
      ['16', 16],
    ]) {
      await done(`publisher bins ${count} --key fresh`)
      const spread = JSON.parse(await done('publisher bins --json'))
      assert.deepEqual(spread, { bins, releases: 4 })
    }
    assert.deepEqual(await revisionsOf(it), [1, 2, 3])
  })

  test('has them verified to the bin that holds them', async () => {
    const { out, err } = await it.run('verify acme/hub@2')
    assert.match(out + err, /lies in version \d+ of acme\.bin-[0-9a-f], signed by 1 of 1 key/)
  })

  test('loses a revoked one, of which only its own bin is signed anew', async () => {
    const [newest] = await it.fleet.client.call(listReleases, { query: {} })
    const digest = newest?.record.digest
    const before = filesOf('acme')
    await done(`targets begin --revoke ${digest} --out revoked.draft`)
    await done('targets sign revoked.draft --key targets-1 --key targets-2 --key fresh')
    await done('targets apply revoked.draft')
    assert.equal(filesOf('acme').filter(file => !before.includes(file)).length, 1)
    assert.deepEqual(JSON.parse(await done('publisher bins --json')), { bins: 16, releases: 3 })
  })

  function filesOf(beginning: string): string[] {
    return readdirSync(join(it.data, 'catalogue')).filter(file =>
      file.replace(/^\d+\./, '').startsWith(beginning),
    )
  }
})
