import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { signerFromPem } from '@steadfleet/authority'
import { newPassphrase, openPassphrase } from './passphrase.ts'

const bin = resolve(import.meta.dirname, '../../bin/steadfleet.mjs')
const passphrase = 'three wise greenhouses'

describe('a passphrase', () => {
  test('comes from the environment, where nobody is asked', async () => {
    const source = worldWith([], { STEADFLEET_PASSPHRASE: passphrase })
    assert.equal(await openPassphrase(source)(), passphrase)
    assert.equal(await newPassphrase(source), passphrase)
  })

  test('is asked for once, however many keys it opens', async () => {
    const open = openPassphrase(worldWith([passphrase]))
    assert.deepEqual([await open(), await open()], [passphrase, passphrase])
  })

  const refused: [what: string, typed: string[]][] = [
    ['that was typed differently the second time', [passphrase, 'three wise glasshouses']],
    ['of seven characters', ['greenho', 'greenho']],
    ['without a terminal', []],
  ]
  for (const [what, typed] of refused) {
    test(`${what} makes no key`, async () => {
      await assert.rejects(newPassphrase(worldWith(typed)), error => {
        assert.equal((error as { code: string }).code, 'cli/passphrase')
        for (const word of typed) assert.ok(!String(error).includes(word))
        return true
      })
    })
  }

  test('is read from a number alone', async () => {
    const open = openPassphrase({ ...worldWith([]), descriptor: '3; rm' })
    await assert.rejects(open(), { code: 'cli/usage' })
  })
})

describe('the program', () => {
  let directory = ''
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'steadfleet-keys-'))
  })
  after(() => rmSync(directory, { recursive: true, force: true }))

  test('makes keys that openssl opens with the passphrase of a descriptor', () => {
    const fleet = join(directory, 'by-descriptor')
    const file = join(directory, 'passphrase')
    writeFileSync(file, `${passphrase}\n`)
    const script = `${process.execPath} ${bin} init ${fleet} --passphrase-fd 3 3< ${file}`
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    assert.ok(!`${stdout}${stderr}`.includes(passphrase))
    const key = join(fleet, 'offline', 'owner-1.pem')
    const words = ['pkey', '-in', key, '-passin', `file:${file}`, '-noout', '-check']
    assert.equal(spawnSync('openssl', words).status, 0)
  })

  test('says aloud what unencrypted keys mean, and asks nothing', () => {
    const { status, stderr } = program(['init', join(directory, 'plain'), '--unencrypted'])
    assert.equal(status, 0)
    assert.match(stderr, /^warning: keys are not encrypted: /)
    const key = readFileSync(join(directory, 'plain', 'offline', 'owner-1.pem'), 'utf8')
    assert.match(key, /^-----BEGIN PRIVATE KEY-----/)
  })

  test('makes nothing where nobody can be asked', () => {
    const fleet = join(directory, 'nobody')
    const { status, stderr } = program(['init', fleet], { detached: true })
    assert.equal(status, 1)
    assert.match(stderr, /\[cli\/passphrase\]\nhint: /)
    assert.ok(!existsSync(fleet))
  })

  test('asks at the terminal twice, shows nothing of it, and leaves the terminal as it was', {
    skip: !existsSync('/usr/bin/script') && 'script is not here',
  }, async () => {
    const fleet = join(directory, 'by-terminal')
    const command = `${process.execPath} ${bin} init ${fleet}; stty -a | tr ';' '\\n' | grep -w echo`
    const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: 'pipe' })
    let seen = ''
    const typed = [`${passphrase}x\u007f\r`, `${passphrase}\r`]
    const prompts = ['New passphrase for the keys: ', 'Once more: ']
    child.stdout.on('data', chunk => {
      seen += String(chunk)
      const [prompt] = prompts
      if (prompt === undefined || !seen.includes(prompt)) return
      prompts.shift()
      child.stdin.write(typed.shift())
    })
    const [exit] = await once(child, 'close')
    assert.equal(exit, 0, seen)
    assert.ok(!seen.includes(passphrase.slice(0, 5)), seen)
    assert.match(seen, /(?<!-)\becho\b/)
    const key = readFileSync(join(fleet, 'offline', 'owner-1.pem'), 'utf8')
    assert.equal(signerFromPem(key, passphrase).key.keytype, 'ed25519')
  })
})

function program(words: readonly string[], options: { detached?: boolean } = {}) {
  const environment = { ...process.env, STEADFLEET_PASSPHRASE: '' }
  return spawnSync(
    options.detached ? 'setsid' : process.execPath,
    [...(options.detached ? ['--wait', process.execPath] : []), bin, ...words],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: environment },
  )
}

function worldWith(typed: string[], environment: Record<string, string> = {}) {
  const answers = [...typed]
  const ask = async () => answers.shift()
  return { world: { environment, ask }, descriptor: undefined }
}
