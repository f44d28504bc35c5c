import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readConfiguration } from '../configuration/configuration.ts'
import { makeTestKey, type TestKey } from '../testing/make-key.ts'
import { readCertificate } from './certificate.ts'
import { keepCertificate } from './keep-certificate.ts'
import { refusePlainHttp } from './serve-tls.ts'

const folder = mkdtempSync(join(tmpdir(), 'steadfleet-tls-'))
let [a, b]: TestKey[] = []
before(() => {
  ;[a, b] = [makeTestKey(folder, 'a'), makeTestKey(folder, 'b')]
})
after(() => rmSync(folder, { recursive: true }))

describe('a certificate', () => {
  test('is read with the keys that devices are to know', async () => {
    const { certificate, key, digest } = a!
    const next = [b!.key, b!.certificate]
    const { keys } = await readCertificate({ certificate, key, next })
    assert.deepEqual(keys, [digest, b!.digest, b!.digest])
  })

  const rows: [what: string, files: () => object, why: RegExp][] = [
    ['with the key of another', () => ({ key: b!.key }), /not the key of/],
    ['that is not there', () => ({ certificate: join(folder, 'none') }), /ENOENT/],
    ['that is none', () => ({ certificate: a!.key }), /holds no PEM of the kind/],
    ['without a private key', () => ({ key: a!.certificate }), /holds no PEM of the kind/],
  ]
  for (const [what, files, why] of rows) {
    test(`${what} is refused`, async () => {
      const { certificate, key } = a!
      const all = { certificate, key, next: [], ...files() }
      await assert.rejects(readCertificate(all), { code: 'server/certificate', message: why })
    })
  }

  test('follows its files, where devices were told of the key, and stays where they were not', async () => {
    const files = { certificate: join(folder, 'now.crt'), key: join(folder, 'now.key'), next: [] }
    const use = (one: TestKey): void => {
      copyFileSync(one.certificate, files.certificate)
      copyFileSync(one.key, files.key)
    }
    const told = [a!.digest]
    const taken: string[] = []
    const faults: object[] = []
    use(a!)
    using kept = await keepCertificate({
      files,
      logger: { info: () => undefined, error: (fault: object) => void faults.push(fault) },
      mayUse: key => told.includes(key),
      onNew: async ({ keys }) => void taken.push(keys[0]),
    })
    await kept.renew()
    assert.deepEqual(taken, [])
    use(b!)
    await kept.renew()
    assert.equal(kept.now().keys[0], a!.digest)
    assert.match(JSON.stringify(faults), /server\/untold-key/)
    told.push(b!.digest)
    writeFileSync(files.certificate, 'half')
    await kept.renew()
    assert.equal(kept.now().keys[0], a!.digest)
    use(b!)
    await kept.renew()
    assert.deepEqual([kept.now().keys[0], taken], [b!.digest, [b!.digest]])
  })
})

describe('a server without a certificate', () => {
  const rows: [words: string, isRefused: boolean][] = [
    ['--listen 127.0.0.1:1', false],
    ['--listen [::1]:1', false],
    ['--listen localhost:1', false],
    ['--listen 0.0.0.0:1', true],
    ['--listen 127.0.0.1:1 --listen 192.0.2.1:1', true],
    ['--listen 0.0.0.0:1 --plain-http anywhere', false],
  ]
  for (const [words, isRefused] of rows) {
    test(`is ${isRefused ? 'refused' : 'taken'} with ${words}`, () => {
      const told = { words: words.split(' '), environment: {}, folder }
      const { settings } = readConfiguration(told)
      if (isRefused) {
        assert.throws(() => refusePlainHttp(settings), { code: 'server/plain-http' })
      } else refusePlainHttp(settings)
    })
  }
})

test('the commands of the guide are taken as they stand there', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../../../docs/guides/tls.md'), 'utf8')
  const typed = [...guide.matchAll(/npx steadfleet serve ((?:\\\n|.)+)/g)].map(([, words]) => words)
  assert.equal(typed.length, 2)
  for (const words of typed) {
    const told = words?.replaceAll('\\\n', ' ').split(/\s+/) ?? []
    const { settings } = readConfiguration({ words: told, environment: {}, folder })
    refusePlainHttp(settings)
    assert.equal(settings['tls-next-key'].length > 0, true)
  }
})
