import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { isCoded, parseStrictJson } from '@steadfleet/base'
import { parseHygieneRecord } from '@steadfleet/domain'
import {
  hygieneLines,
  type PackResult,
  pack,
  readManifest,
  sizeInPacked,
  writePacked,
} from './index.ts'

const key = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' })

describe('a folder with a private key', () => {
  const accepting = (path: string) =>
    `hygiene: { accept: [{ finding: private-key, path: '${path}', reason: a key of the tests alone }] }`

  test('is packed, and the finding is told with where it is', async t => {
    const packed = await packWith(t, '')
    const { hygiene } = packed
    assert.deepEqual(
      hygiene.map(({ rule, path, severity }) => [rule, path, severity]),
      [['private-key', 'srv/key.pem', 'severe']],
    )
    assert.deepEqual(recordedIn(packed), [['private-key', 'srv/key.pem', 'severe', undefined]])
    assert.match(hygieneLines(hygiene)[0]!, /^severe +srv\/key\.pem: holds a private key/)
  })

  test('is refused where the caller is strict, or the manifest says so', async t => {
    await assert.rejects(packWith(t, '', { isStrict: true }), { code: 'pack/hygiene' })
    for (const refuse of ['severe', 'warnings']) {
      const policy = `hygiene: { refuse: ${refuse} }`
      await assert.rejects(packWith(t, policy), (error: unknown) => {
        assert.ok(isCoded(error, 'pack/hygiene'))
        assert.deepEqual(error.details.findings, ['private-key srv/key.pem'])
        return true
      })
    }
  })

  test('is packed by the strict too where the manifest accepts it with a reason', async t => {
    for (const path of ['srv/key.pem', '*.pem', 'srv']) {
      const packed = await packWith(t, accepting(path), { isStrict: true })
      const { hygiene } = packed
      const [recorded] = recordedIn(packed)
      assert.deepEqual(recorded?.at(-1), 'a key of the tests alone')
      assert.deepEqual(
        hygiene.map(({ accepted }) => accepted),
        ['a key of the tests alone'],
      )
    }
  })

  test('is told where an acceptance accepts nothing', async t => {
    const { hygiene } = await packWith(t, accepting('etc/**'))
    assert.deepEqual(hygiene.map(({ rule }) => rule).sort(), ['private-key', 'unused-acceptance'])
  })

  test('is not accepted without a reason, or by a finding that is none', async t => {
    const line = (members: string) => `hygiene: { accept: [{ path: srv, ${members} }] }`
    const bad = ['finding: private-key', 'finding: keys, reason: there is no such finding']
    for (const members of bad) {
      await assert.rejects(packWith(t, line(members)), { code: 'manifest/fault' })
    }
  })
})

test('what anyone could write is told by its mode where it was found', async t => {
  const open = (app: string) => chmodSync(join(app, 'key.pem'), 0o666)
  const { hygiene, hygieneRecord, tree } = await packWith(t, '', {}, open)
  assert.ok(hygiene.some(({ rule }) => rule === 'world-writable'))
  assert.deepEqual(hygieneRecord, (await packWith(t, '')).hygieneRecord)
  assert.ok(tree.entries.every(entry => entry.kind !== 'file' || entry.mode !== ('666' as string)))
})

test('a setuid file that the manifest explains is an accepted finding', async t => {
  const why = 'setuid: [{ path: srv/start, reason: it opens a raw socket }]'
  const { hygiene } = await packWith(t, why, {}, app => chmodSync(join(app, 'start'), 0o4755))
  const setuid = hygiene.find(({ rule }) => rule === 'setuid')
  assert.equal(setuid?.accepted, 'it opens a raw socket')
})

test('a tree that grew since the bundle of the revision before is told', async t => {
  const before = await packWith(t, '')
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-hygiene-'))
  t.after(() => rmSync(folder, { recursive: true }))
  await writePacked(before, join(folder, 'before.bundle'))
  const sizeBefore = await sizeInPacked(join(folder, 'before.bundle'))
  assert.equal(sizeBefore, before.size)
  const more = (app: string) => writeFileSync(join(app, 'more'), Buffer.alloc(2_000_000))
  const { hygiene } = await packWith(t, '', { sizeBefore }, more)
  assert.ok(hygiene.some(({ rule }) => rule === 'grown'))
})

/** What the release's record names, as whoever fetches it reads it. */
function recordedIn({ release, objects }: PackResult) {
  const content = release.hygiene && objects.get(release.hygiene.digest)
  assert.ok(content && 'bytes' in content)
  const { findings } = parseHygieneRecord(parseStrictJson(content.bytes))
  return findings.map(({ finding, path, severity, accepted }) => [
    finding,
    path,
    severity,
    accepted,
  ])
}

/** What makes a test of Debian's packages impossible rather than failed. */
const outOfReach = ['debian/tool', 'debian/unreachable', 'debian/unknown-package']
const cache = join(process.env.XDG_CACHE_HOME ?? tmpdir(), 'steadfleet-deb-cache')

test('Debian’s own servers are found, and its ordinary packages are left alone', async t => {
  const servers = 'busybox-static, gdbserver, inetutils-telnetd, vsftpd, nginx, mosquitto-clients'
  const sources = `sources:\n  - { debian: [${servers}], follow: false }\n  - directory: app\n    to: srv`
  const packed = await packWith(t, '', { cache }, undefined, sources).catch(fault => {
    if (isCoded(fault) && outOfReach.includes(fault.code)) return fault
    throw fault
  })
  if (isCoded(packed)) return t.skip(packed.message)
  const weighty = packed.hygiene.filter(({ severity }) => severity !== 'note')
  assert.deepEqual(
    weighty.map(({ path, rule }) => `${path} ${rule}`),
    [
      'srv/key.pem private-key',
      'usr/bin/busybox telnet-server',
      'usr/bin/gdbserver debug-server',
      'usr/sbin/telnetd telnet-server',
      'usr/sbin/vsftpd ftp-server',
    ],
  )
})

async function packWith(
  t: TestContext,
  more: string,
  options: { isStrict?: boolean; sizeBefore?: number; cache?: string } = {},
  change: (app: string) => void = () => undefined,
  sources = 'sources: [{ directory: app, to: srv }]',
): Promise<PackResult> {
  const root = mkdtempSync(join(tmpdir(), 'steadfleet-hygiene-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const app = join(root, 'app')
  mkdirSync(app)
  writeFileSync(join(app, 'start'), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(join(app, 'key.pem'), key)
  change(app)
  writeFileSync(join(root, 'steadfleet.yaml'), `${least}\n${sources}\n${more}\n`)
  return pack({
    declared: await readManifest(join(root, 'steadfleet.yaml')),
    architecture: 'amd64',
    revision: 1,
    cache: join(root, 'cache'),
    builder: { id: 'https://example.test/builder', version: '0.1.0' },
    ...options,
  })
}

const least = `
name: greenhouse
publisher: acme
version: 1.0.0
architectures: [amd64]
apps: { web: { command: [srv/start] } }
support-end: 2030-01-31
security-contact: mailto:security@acme.example`
