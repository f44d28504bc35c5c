import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { networkNeeds } from '@steadfleet/confine'
import { toMud } from '@steadfleet/confine/mud'
import { type GatewayConfig, parseConfig } from './config.ts'
import { fetchFile } from './fetch.ts'
import { readFileOf } from './files.ts'
import { checkSignature } from './signature.ts'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const noOpenssl = !hasOpenssl && 'there is no openssl'
const noIp = spawnSync('ip', ['-V']).status !== 0 && 'there is no ip'
const day = 24 * 3_600_000

describe('the MUD file of a device', { skip: noOpenssl }, () => {
  let folder: string
  let server: Server
  let origin: string
  /** What the server answers, by path. */
  const answers = new Map<
    string,
    { status?: number; location?: string; body?: Uint8Array; isEndless?: true }
  >()
  let now = new Date()

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'steadfleet-files-'))
    mkdirSync(join(folder, 'state'))
    for (const who of ['maker', 'thief']) makeKey(folder, who)
    const [key, cert] = ['maker.key', 'maker.pem'].map(name => readFileSync(join(folder, name)))
    server = createServer({ key, cert }, ({ url = '' }, reply) => {
      const { status = 200, location, body, isEndless } = answers.get(url) ?? { status: 404 }
      reply.writeHead(status, location ? { location } : {})
      if (isEndless) reply.write('{')
      else reply.end(body)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    origin = `https://localhost:${(server.address() as AddressInfo).port}`
  })
  after(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
    rmSync(folder, { recursive: true })
  })

  const config = (more: object = {}): GatewayConfig =>
    parseConfig(
      JSON.stringify({
        lan: 'br-lan',
        resolver: { upstream: ['192.0.2.53:53'] },
        authorities: 'maker.pem',
        devices: [],
        ...more,
      }),
    )
  const read = (mud: string, more: object = {}) =>
    readFileOf({ mac: '02:00:00:00:00:01', mud }, config(more), {
      home: folder,
      state: join(folder, 'state'),
      now: () => now,
    })
  const made = (path: string, updated = 0, host = origin, needs = networkNeeds([])) =>
    toMud(needs, {
      url: `${host}${path}`,
      lastUpdate: new Date(updated * day),
      isSupported: true,
      signature: `${origin}${path}.p7s`,
      about: {},
    })
  const refusedWith = (mud: string, code: string, message: RegExp, more: object = {}) =>
    assert.rejects(read(mud, more), error => {
      assert.equal((error as { code?: string }).code, code)
      assert.match((error as Error).message, message)
      return true
    })

  test('is fetched, and its copy counts while the server is away', async () => {
    answers.set('/a', { body: made('/a', 5) })
    const { file, freshUntil, stale } = await read(`${origin}/a`)
    assert.equal(file.url, `${origin}/a`)
    assert.equal(stale, undefined)
    assert.equal(freshUntil, now.getTime() + 2 * day)
    answers.set('/a', { status: 503 })
    const kept = await read(`${origin}/a`)
    assert.match(kept.stale ?? '', /the server answered 503/)
    assert.deepEqual(kept.file, file)
  })

  test('is fetched by the process that enforces it, under the authorities of its configuration', {
    skip: noIp,
  }, async () => {
    const network = { interface: 'network', endpoints: [{ host: '203.0.113.9', port: 8443 }] }
    answers.set('/process', { body: made('/process', 5, origin, networkNeeds([network])) })
    const devices = [{ mac: '02:00:00:00:00:0a', mud: `${origin}/process` }]
    const preview = (authorities: string) => {
      const own = { ...config({ authorities, devices }), lan: 'lo' }
      writeFileSync(join(folder, 'gateway.json'), JSON.stringify(own))
      const main = join(import.meta.dirname, 'main.ts')
      const words = ['--config', join(folder, 'gateway.json'), '--state', join(folder, 'state')]
      return promisify(execFile)(process.execPath, [main, ...words, '--dry-run'])
    }
    const trusted = await preview('maker.pem')
    assert.match(trusted.stdout, /203\.0\.113\.9/)
    assert.match(trusted.stdout, /8443/)
    rmSync(join(folder, 'state/files'), { recursive: true })
    const { stdout, stderr } = await preview('thief.pem')
    assert.doesNotMatch(stdout, /203\.0\.113\.9/)
    assert.match(stderr, /"event":"fault".*cannot fetch/)
  })

  test('that is older than the copy is not taken', async () => {
    answers.set('/b', { body: made('/b', 5) })
    await read(`${origin}/b`)
    answers.set('/b', { body: made('/b', 4) })
    const { file, stale } = await read(`${origin}/b`)
    assert.equal(file.lastUpdate.getTime(), 5 * day)
    assert.match(stale ?? '', /1970-01-05.* 1970-01-06.*held already/)
  })

  const odd: [
    what: string,
    answer: () => NonNullable<ReturnType<typeof answers.get>>,
    why: RegExp,
  ][] = [
    ['is redirected in a circle', () => ({ status: 302, location: '/odd' }), /more than 3 times/],
    [
      'leads away from https',
      () => ({ status: 302, location: 'http://localhost/odd' }),
      /no https URL/,
    ],
    ['is not there', () => ({ status: 404 }), /answered 404/],
    ['has 50 MB', () => ({ body: new Uint8Array(50 * 1024 * 1024) }), /longer than/],
    [
      'is of another maker',
      () => ({ body: made('/odd', 0, 'https://thief.example') }),
      /thief\.example/,
    ],
  ]
  for (const [what, answer, why] of odd) {
    test(`that ${what} is refused`, async () => {
      answers.set('/odd', answer())
      await refusedWith(`${origin}/odd`, 'gateway/file', why)
    })
  }

  test('of a server that nobody vouches for, or that takes its time, is refused', async () => {
    answers.set('/c', { body: made('/c') })
    const thief = readFileSync(join(folder, 'thief.pem'), 'utf8')
    const fetched = (authority: string, milliseconds: number) =>
      fetchFile(`${origin}/c`, '*/*', authority, { bytes: 1e6, milliseconds, redirects: 0 })
    await assert.rejects(fetched(thief, 5000), { code: 'gateway/file' })
    answers.set('/c', { isEndless: true })
    const maker = readFileSync(join(folder, 'maker.pem'), 'utf8')
    await assert.rejects(fetched(maker, 300), {
      code: 'gateway/file',
      message: /longer than 0\.3 s/,
    })
  })

  test('counts by the signature of its maker alone', async () => {
    writeFileSync(join(folder, 'signed.json'), made('/signed'))
    sign(folder, 'signed', 'maker')
    const by = (who: string) => ({ signers: `${who}.pem` })
    assert.equal((await read('signed.json', by('maker'))).notes.length, 0)
    await refusedWith('signed.json', 'confine/signature', /not one of those trusted/, by('thief'))
    writeFileSync(join(folder, 'signed.json'), made('/signed', 9))
    await refusedWith(
      'signed.json',
      'confine/signature',
      /not the one that was signed/,
      by('maker'),
    )
    writeFileSync(join(folder, 'signed.p7s'), 'no signature')
    await refusedWith('signed.json', 'confine/signature', /no signature of it/, by('maker'))
    rmSync(join(folder, 'signed.p7s'))
    await refusedWith('signed.json', 'confine/signature', /no signature of it/, by('maker'))
    await read('signed.json', { ...by('maker'), 'unsigned-files': 'take' })
  })

  test('is fetched with its signature, and is not kept without it', async () => {
    writeFileSync(join(folder, 'd.json'), made('/d'))
    sign(folder, 'd', 'maker')
    answers.set('/d', { body: made('/d') })
    await refusedWith(`${origin}/d`, 'gateway/file', /404/, { signers: 'maker.pem' })
    answers.set('/d.p7s', { body: new Uint8Array(readFileSync(join(folder, 'd.p7s'))) })
    const { stale } = await read(`${origin}/d`, { signers: 'maker.pem' })
    assert.equal(stale, undefined)
    const elsewhere = JSON.stringify(JSON.parse(Buffer.from(made('/e')).toString())).replace(
      `${origin}/e.p7s`,
      'https://thief.example/e.p7s',
    )
    answers.set('/e', { body: Buffer.from(elsewhere) })
    await refusedWith(`${origin}/e`, 'gateway/file', /another server/, { signers: 'maker.pem' })
  })

  test('whose signer’s certificate has run out is refused', async () => {
    const paths = { file: join(folder, 'd.json'), signature: join(folder, 'd.p7s') }
    const signers = join(folder, 'maker.pem')
    await checkSignature(paths, signers, new Date())
    const late = checkSignature(paths, signers, new Date(Date.now() + 30 * day))
    await assert.rejects(late, { code: 'confine/signer-expired' })
    now = new Date()
  })

  test('on this machine is a file of a sensible size', async () => {
    writeFileSync(join(folder, 'big.json'), '')
    truncateSync(join(folder, 'big.json'), 50 * 1024 * 1024)
    await refusedWith('big.json', 'gateway/file', /52428800 bytes/)
    symlinkSync('circle.json', join(folder, 'circle.json'))
    await refusedWith('circle.json', 'gateway/file', /ELOOP/)
    await refusedWith('none.json', 'gateway/file', /ENOENT/)
    await refusedWith('.', 'gateway/file', /no file|EISDIR/)
    writeFileSync(join(folder, 'many.json'), manyEndpoints())
    await refusedWith('many.json', 'confine/mud', /20000 rules/)
  })
})

/** 10,000 hosts in both directions, in lists as long as the schema lets them be. */
function manyEndpoints(): string {
  const { 'ietf-mud:mud': mud } = JSON.parse(
    Buffer.from(
      toMud(networkNeeds([]), {
        url: 'https://lamp.example/many',
        lastUpdate: new Date(0),
        isSupported: true,
        about: {},
      }),
    ).toString(),
  )
  const lists = ['from-ipv4', 'to-ipv4'].map(name => ({
    name,
    type: 'ipv4-acl-type',
    aces: {
      ace: Array.from({ length: 10_000 }, (_, i) => ({
        name: `${i}`,
        matches: { ipv4: { protocol: 6 } },
        actions: { forwarding: 'accept' },
      })),
    },
  }))
  const policy = (name: string) => ({ 'access-lists': { 'access-list': [{ name }] } })
  const whole = {
    ...mud,
    'from-device-policy': policy('from-ipv4'),
    'to-device-policy': policy('to-ipv4'),
  }
  return JSON.stringify({ 'ietf-mud:mud': whole, 'ietf-access-control-list:acls': { acl: lists } })
}

function sign(folder: string, name: string, who: string): void {
  openssl(folder, [
    ...['cms', '-sign', '-binary', '-outform', 'DER', '-in', `${name}.json`, '-out', `${name}.p7s`],
    ...['-signer', `${who}.pem`, '-inkey', `${who}.key`],
  ])
}

function makeKey(folder: string, who: string): void {
  openssl(folder, [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', `${who}.key`, '-out', `${who}.pem`, '-days', '7', '-subj', `/CN=${who}`],
    ...['-addext', 'subjectAltName=DNS:localhost'],
  ])
}

function openssl(folder: string, words: string[]): void {
  const { status, stderr } = spawnSync('openssl', words, { cwd: folder })
  assert.equal(status, 0, String(stderr))
}
