import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { refreshCatalogue } from '@steadfleet/trust'
import { openHome, operatorKey, publisherKey } from './home.ts'
import { type FirstChoices, initFleet, type Made } from './init.ts'

const choices: FirstChoices = {
  fleet: 'home',
  publisher: 'acme',
  model: 'box',
  required: ['acme/greenhouse'],
  server: 'http://127.0.0.1:8420',
  keys: 'unencrypted',
}
const world = { now: () => new Date('2026-11-21T00:00:00Z'), random: randomBytes }

describe('a fleet that init made', () => {
  let directory = ''
  let made: Made
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'steadfleet-init-'))
    made = await initFleet(directory, choices, world)
  })
  after(() => rmSync(directory, { recursive: true, force: true }))

  test('has the offline keys in a folder of their own, each with its public half', () => {
    const names = readdirSync(join(directory, 'offline')).sort()
    const publicHalves = names.filter(name => name.endsWith('.pub'))
    const keys = names.filter(name => name.endsWith('.pem'))
    assert.deepEqual(
      publicHalves,
      keys.map(name => name.replace('.pem', '.pub')),
    )
    assert.deepEqual(keys, [
      'builder.pem',
      'catalogue-root-1.pem',
      'catalogue-root-2.pem',
      'catalogue-root-3.pem',
      'operator.pem',
      'owner-1.pem',
      'owner-2.pem',
      'owner-3.pem',
      'publisher-acme.pem',
      'targets-1.pem',
      'targets-2.pem',
      'targets-3.pem',
    ])
  })

  const server: [folder: string, files: string[]][] = [
    ['', ['catalogue', 'log.json', 'objects', 'owner', 'server.json', 'signer']],
    ['signer', ['director.pem', 'log.origin', 'log.pem', 'snapshot.pem', 'timestamp.pem']],
    [
      'catalogue',
      ['1.acme.json', '1.root.json', '1.snapshot.json', '1.targets.json', 'timestamp.json'],
    ],
    ['owner', ['1.owner-root.json', '1.policy.json']],
  ]
  for (const [folder, files] of server) {
    test(`gives the server in ${folder || 'its folder'} just ${files.join(', ')}`, () => {
      assert.deepEqual(readdirSync(join(directory, 'server', folder)).sort(), files)
    })
  }

  test('lets nobody else read a key', () => {
    for (const folder of ['offline', 'server/signer']) {
      assert.equal(modeOf(join(directory, folder)), 0o700)
      const names = readdirSync(join(directory, folder)).filter(name => name.endsWith('.pem'))
      for (const name of names) {
        assert.equal(modeOf(join(directory, folder, name)), 0o600, name)
      }
    }
  })

  test('tells the server who the owner is and who may steer, and no more', () => {
    const start = JSON.parse(readFileSync(join(directory, 'server', 'server.json'), 'utf8'))
    const { operators, ...rest } = start
    const expected = { owner: made.owner, fleet: 'home', model: 'acme/box/1/all' }
    assert.deepEqual(rest, expected)
    assert.deepEqual(Object.keys(operators[0]).sort(), ['keytype', 'keyval', 'scheme'])
  })

  test('has a catalogue that a client can verify from its first root on', async () => {
    const files = join(directory, 'server', 'catalogue')
    const store = new Map<string, Uint8Array>()
    const catalogue = await refreshCatalogue({
      firstRoot: made.home.catalogueRoot,
      now: world.now(),
      store: {
        read: async name => store.get(name),
        commit: async changed => {
          for (const [name, bytes] of changed) store.set(name, bytes)
        },
      },
      fetcher: {
        fetch: async name =>
          readdirSync(files).includes(name) ? readFileSync(join(files, name)) : undefined,
      },
    })
    const model = await catalogue.find(made.model)
    const object = model?.digest.slice('sha256:'.length) ?? ''
    const path = join(directory, 'server', 'objects', object.slice(0, 2), object)
    assert.equal(readFileSync(path).length, model?.length)
  })

  test('can be opened again, with its keys', async () => {
    const home = await openHome(directory, made.home.passphrase)
    assert.deepEqual(home, made.home)
    assert.notEqual((await operatorKey(home)).keyid, (await publisherKey(home)).keyid)
  })

  test('is never made twice in one folder', async () => {
    const before = readFileSync(join(directory, 'offline', 'operator.pem'), 'utf8')
    await assert.rejects(initFleet(directory, choices, world), { code: 'cli/exists' })
    assert.equal(readFileSync(join(directory, 'offline', 'operator.pem'), 'utf8'), before)
  })
})

describe('a fleet whose keys are encrypted', () => {
  const passphrase = 'three wise greenhouses'
  let directory = ''
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'steadfleet-init-'))
    await initFleet(directory, { ...choices, keys: { passphrase } }, world)
  })
  after(() => rmSync(directory, { recursive: true, force: true }))

  test('has no offline key in the clear, and the passphrase nowhere', () => {
    for (const name of readdirSync(join(directory, 'offline'))) {
      const text = readFileSync(join(directory, 'offline', name), 'utf8')
      const label = name.endsWith('.pem') ? 'ENCRYPTED PRIVATE KEY' : 'PUBLIC KEY'
      assert.ok(text.startsWith(`-----BEGIN ${label}-----`), name)
    }
    assert.ok(!readFileSync(join(directory, 'steadfleet.json'), 'utf8').includes(passphrase))
  })

  test('opens to its passphrase, and to no other', async () => {
    await operatorKey(await openHome(directory, async () => passphrase))
    for (const wrong of [async () => 'another greenhouse', undefined]) {
      const refused = openHome(directory, wrong).then(operatorKey)
      await assert.rejects(refused, { code: 'cli/passphrase' })
    }
  })
})

test('a name that is no name makes nothing', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'steadfleet-init-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  for (const wrong of [{ publisher: 'A C' }, { model: '../x' }, { fleet: 'No' }]) {
    const refused = initFleet(directory, { ...choices, ...wrong }, world)
    await assert.rejects(refused, { code: 'schema/mismatch' })
  }
  assert.deepEqual(readdirSync(directory), [])
})

function modeOf(path: string): number {
  return statSync(path).mode & 0o777
}
