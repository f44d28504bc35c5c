import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { draftRoot, toDraftText } from '@steadfleet/authority'
import { parseMetadata } from '@steadfleet/trust'
import { initFleet } from '../fleet/init.ts'
import { runWords } from '../testing.ts'

describe('a draft, where there is no server', { concurrency: false }, () => {
  let folder: string
  let fleet: string
  let draft: string
  const now = new Date()

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'steadfleet-ceremony-'))
    fleet = join(folder, 'fleet')
    const choices = { fleet: 'home', publisher: 'acme', model: 'box', required: [] }
    await initFleet(
      fleet,
      { ...choices, server: 'http://127.0.0.1:1', keys: 'unencrypted' },
      { now: () => now, random: randomBytes },
    )
    draft = join(folder, 'root.draft')
    const file = (name: string) =>
      new Uint8Array(readFileSync(join(fleet, 'server', 'catalogue', name)))
    const held = {
      root: parseMetadata('root', file('1.root.json')),
      targets: parseMetadata('targets', file('1.targets.json')),
      roles: new Map(),
    }
    writeFileSync(draft, toDraftText(draftRoot(held, { roles: new Map() }, now)))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('is signed with nothing but itself and a key', async () => {
    const key = join(fleet, 'offline', 'catalogue-root-1.pem')
    const { exit, out } = await runWords(['root', 'sign', draft, '--key', key], folder)
    assert.equal(exit, 0)
    assert.match(out.trim(), /root\.draft\.[0-9a-f]{12}\.sig$/)
  })

  test('says who has signed and who must, with the names of keys where they are known', async () => {
    const review = ['root', 'review', draft]
    const { out: elsewhere } = await runWords(review, folder)
    assert.match(elsewhere, /1 of 2 signatures/)
    assert.doesNotMatch(elsewhere, /catalogue-root-1/)
    const { out: here } = await runWords([...review, '--dir', fleet], folder)
    assert.match(here, /signed: catalogue-root-1 \(/)
    const { out: json } = await runWords([...review, '--json'], folder)
    const { documents, signatures } = JSON.parse(json)
    assert.deepEqual([documents[0].from, documents[0].to], [1, 2])
    assert.deepEqual(
      signatures.map((one: { signed: string[] }) => one.signed.length),
      [1, 1],
    )
  })

  const refused: [what: string, words: () => string[], code: string, exit: number][] = [
    ['without a key', () => ['root', 'sign', draft], 'cli/usage', 2],
    [
      'by a key that is not there',
      () => ['root', 'sign', draft, '--key', 'x', '--dir', fleet],
      'cli/key',
      1,
    ],
    [
      'by a key that nobody asks',
      () => ['root', 'sign', draft, '--key', 'owner-1', '--dir', fleet],
      'authority/not-asked',
      1,
    ],
    ['that is not there', () => ['root', 'review', 'nowhere.draft'], 'cli/not-found', 1],
    [
      'that is something else',
      () => ['root', 'review', join(fleet, 'steadfleet.json')],
      'authority/draft',
      1,
    ],
    ['signed by too few', () => ['root', 'apply', draft, '--dir', fleet], 'trust/threshold', 1],
  ]
  for (const [what, words, code, exit] of refused) {
    test(`${what} is refused by ${code}`, async () => {
      const ran = await runWords(words(), folder)
      assert.equal(ran.exit, exit)
      assert.ok(ran.err.includes(`[${code}]`), ran.err)
    })
  }

  test('leaves no key but in its own folder', () => {
    assert.deepEqual(
      readdirSync(folder).filter(name => name.endsWith('.pem')),
      [],
    )
  })
})

describe('the keys of a fleet', { concurrency: false }, () => {
  let fleet: string
  before(async () => {
    fleet = mkdtempSync(join(tmpdir(), 'steadfleet-keys-'))
    const choices = { fleet: 'home', publisher: 'acme', model: 'box', required: [] }
    rmSync(fleet, { recursive: true })
    await initFleet(
      fleet,
      { ...choices, server: 'http://127.0.0.1:1', keys: 'unencrypted' },
      { now: () => new Date(), random: randomBytes },
    )
  })
  after(() => rmSync(fleet, { recursive: true, force: true }))

  test('are listed where the server is away, which is said', async () => {
    const { exit, out, err } = await runWords(['keys', 'list', '--dir', fleet])
    assert.equal(exit, 0)
    assert.match(out, /^owner-1 +[0-9a-f]{12} +no +\?$/m)
    assert.match(err, /server cannot be reached/)
  })

  test('grow by one that is made, and never lose one to another of its name', async () => {
    const make = ['keys', 'make', 'owner-4', '--unencrypted', '--json', '--dir', fleet]
    const { out } = await runWords(make)
    const { keyid } = JSON.parse(out)
    const { out: shown } = await runWords(['keys', 'show', 'owner-4', '--json', '--dir', fleet])
    assert.equal(JSON.parse(shown).keyid, keyid)
    assert.match((await runWords(make)).err, /cli\/exists/)
  })

  const refused: [what: string, words: string[], code: string][] = [
    ['a name with a path in it', ['make', '../x', '--unencrypted'], 'cli/usage'],
    ['a key that is not there', ['show', 'owner-9'], 'cli/not-found'],
    ['a new key with no passphrase', ['make', 'owner-5'], 'cli/passphrase'],
  ]
  for (const [what, words, code] of refused) {
    test(`${what} is refused`, async () => {
      const { err } = await runWords(['keys', ...words, '--dir', fleet])
      assert.ok(err.includes(`[${code}]`), err)
    })
  }
})
