import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { runWords } from '../testing.ts'

const shared = '../shared/data/mud/signed'
const hasOpenssl = spawnSync('openssl', ['version']).status === 0

const manifest = `name: box
publisher: acme
version: '1.0'
architectures: [amd64]
sources:
  - directory: app
apps:
  box: { command: [bin/box] }
interfaces:
  - interface: network
    endpoints:
      - { host: api.acme.example, port: 443 }
support-end: '2031-12-31'
security-contact: mailto:security@acme.example
`

describe('a MUD file of one’s own', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'steadfleet-mud-make-'))
    mkdirSync(join(folder, 'box'))
    writeFileSync(join(folder, 'box/steadfleet.yaml'), manifest)
  })
  after(() => rmSync(folder, { recursive: true }))

  const type = (words: string[], now?: Date) =>
    runWords(words, folder, now ? { now: () => now } : {})
  const said = async (...words: string[]): Promise<string> => {
    const { exit, out, err } = await type(words)
    assert.equal(exit, 0, err)
    return out
  }
  const make = (...more: string[]) =>
    said('mud', 'make', 'https://acme.example/mud/acme/box/1.json', '--package', 'box', ...more)

  test('is made of what a package declares, the same each time', async () => {
    assert.match(
      await make('--out', 'box.json', '--about', 'A box'),
      /^box\.json: 12 rules, sha256:/,
    )
    assert.match(await said('mud', 'check', 'box.json'), /12 rules/)
    assert.match(await said('mud', 'show', 'box.json'), /out +api\.acme\.example +TCP +443 +device/)
    assert.equal(await make(), await make())
  })

  test('is a picture in which no text of it is markup', async () => {
    await make('--out', 'odd.json', '--about', '</text><script>alert(1)</script>"&')
    const svg = await said('mud', 'show', 'odd.json', '--svg')
    assert.match(svg, /^<svg [\s\S]*<\/svg>\n?$/)
    assert.doesNotMatch(svg, /<script/)
    assert.equal(await said('mud', 'show', 'odd.json', '--svg'), svg)
  })

  test('is proposed from a capture, and refused from what is none', async () => {
    const head = [0xa1b2c3d4, 0x00040002, 0, 0, 65_535, 1]
    const frame = Buffer.from('02ff00000000020000000001' + '0800', 'hex')
    const packet = Buffer.from(Uint32Array.from([0, 0, frame.length, frame.length]).buffer)
    const capture = Buffer.concat([Buffer.from(Uint32Array.from(head).buffer), packet, frame])
    writeFileSync(join(folder, 'box.pcap'), capture)
    const url = ['--url', 'https://acme.example/box.json', '--out', 'learned.json']
    const words = ['mud', 'learn', 'box.pcap', '--mac', '02:00:00:00:00:01', ...url]
    assert.match(await said(...words), /learned\.json: learned from 1 frames/)
    assert.match(await said('mud', 'check', 'learned.json'), /0 rules/)
    const other = await type(['mud', 'learn', 'box.pcap', '--mac', '02:00:00:00:00:09', ...url])
    assert.match(other.err, /02:00:00:00:00:01 do[\s\S]*\[confine\/capture\]/)
    const none = ['mud', 'learn', 'box/steadfleet.yaml', '--mac', '02:00:00:00:00:01', ...url]
    assert.match((await type(none)).err, /\[confine\/capture\]/)
  })

  test('is refused where nobody could fetch it', async () => {
    const words = ['mud', 'make', 'http://acme.example/box.json', '--package', 'box']
    assert.match((await type(words)).err, /mud-url[\s\S]*\[confine\/mud\]/)
    assert.match((await type(words.slice(0, 3))).err, /\[cli\/usage\]/)
  })

  test('is signed, and counts by its signature alone', {
    skip: !hasOpenssl && 'there is no openssl',
  }, async () => {
    await make('--out', 'signed.json')
    for (const who of ['maker', 'thief']) makeKey(folder, who)
    const sign = ['mud', 'sign', 'signed.json', '--certificate', 'maker.pem', '--key', 'maker.key']
    assert.match(await said(...sign), /signed\.p7s is the signature/)
    const check = (signers: string, file = 'signed.json', now?: Date) =>
      type(['mud', 'check', file, '--signature', 'signed.p7s', '--signers', signers], now)
    const day = new Date(Date.now() + 3_600_000)
    assert.match((await check('maker.pem', 'signed.json', day)).out, /signed/)
    assert.match((await check('thief.pem', 'signed.json', day)).err, /\[confine\/signature\]/)
    await make('--out', 'changed.json', '--about', 'Another')
    assert.match(
      (await check('maker.pem', 'changed.json', day)).err,
      /not the one.*\[confine\/signature\]/,
    )
    const late = new Date(Date.now() + 10 * 24 * 3_600_000)
    assert.match((await check('maker.pem', 'signed.json', late)).err, /\[confine\/signer-expired\]/)
  })

  test('of a real maker whose authority has expired is refused', {
    skip: (!hasOpenssl || !existsSync(shared)) && 'no openssl, or no sample',
  }, async () => {
    cpSync(shared, join(folder, 'real'), { recursive: true })
    // What is shared may not be written; who clears up must.
    chmodSync(join(folder, 'real'), 0o755)
    const [file, signature] = ['real/Luminaire_150.json', 'real/Luminaire_150.p7s']
    const words = ['mud', 'check', file, '--tolerant', '--signature', signature]
    const { err } = await type([...words, '--signers', 'real/luminaire-cacert.pem'])
    assert.match(err, /\[confine\/signer-expired\]/)
    const then = new Date('2018-11-01T00:00:00Z')
    assert.match(
      (await type([...words, '--signers', 'real/luminaire-cacert.pem'], then)).out,
      /signed/,
    )
  })
})

/** A key and a certificate that signs itself, good for a week. */
function makeKey(folder: string, who: string): void {
  const { status, stderr } = spawnSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-keyout', `${who}.key`, '-out', `${who}.pem`, '-days', '7', '-subj', `/CN=${who}`],
    ],
    { cwd: folder },
  )
  assert.equal(status, 0, String(stderr))
}
