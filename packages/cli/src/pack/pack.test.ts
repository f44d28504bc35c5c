import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { type Digest, digestOf, fromBase64, fromUtf8, toDocument, toUtf8 } from '@steadfleet/base'
import { openBundle, parseTree, toTreeBytes } from '@steadfleet/bundle'
import { parseMud } from '@steadfleet/confine/mud'
import { parseReleaseRecord } from '@steadfleet/domain'
import {
  type PackOptions,
  type PackProgress,
  type PackResult,
  pack,
  readManifest,
  writePacked,
} from './index.ts'

const manifest = `
name: greenhouse
publisher: acme
version: 1.0.0
architectures: [amd64]
sources:
  - directory: app
    to: srv
    exclude: ['*.log']
apps:
  web: { command: [srv/start, --port, '80'] }
support-end: 2030-01-31
security-contact: mailto:security@acme.example
`

describe('packing a folder', () => {
  test('makes a release that names its tree, SBOM and provenance by digest', async t => {
    const result = await packIn(project(t))
    const { release } = result
    assert.equal(result.path, 'acme/greenhouse/3/amd64')
    assert.equal(release.tree.digest, digestOf(toTreeBytes(result.tree)))
    assert.equal(release.sbom.digest, digestOf(result.sbom))
    assert.equal(release.provenance.digest, digestOf(result.provenance))
    assert.equal(release.mud?.digest, digestOf(result.mud))
    assert.equal(parseMud(result.mud).file.about['mfg-name'], 'acme')
    assert.equal(result.recordDigest, digestOf(result.record))
    assert.deepEqual(pathsOf(result), [
      'srv',
      'srv/empty',
      'srv/latest',
      'srv/same',
      'srv/start',
      'srv/ünï \n✓',
    ])
    for (const one of [release.tree, release.sbom, release.provenance]) {
      assert.equal(result.objects.get(one.digest)?.length, one.length)
    }
  })

  test('keeps hard links as one object, and links as links', async t => {
    const { tree, objects } = await packIn(project(t))
    const [start, same, latest] = ['start', 'same', 'latest'].map(name =>
      tree.entries.find(({ path }) => path === `srv/${name}`),
    )
    assert.deepEqual({ ...same, path: '' }, { ...start, path: '' })
    assert.deepEqual(latest, { path: 'srv/latest', kind: 'link', target: 'start' })
    assert.equal(objects.size, 8 + 2)
  })

  test('gives the same bytes elsewhere, at another time, by another hand', async t => {
    const one = await packIn(project(t))
    const there = project(t)
    const app = join(there.root, 'app')
    renameSync(app, `${app}.old`)
    mkdirSync(app, { mode: 0o700 })
    for (const name of ['ünï \n✓', 'noise.log', 'latest', 'same', 'start', 'empty']) {
      renameSync(join(`${app}.old`, name), join(app, name))
    }
    rmSync(`${app}.old`, { recursive: true })
    chmodSync(join(app, 'start'), 0o711)
    chmodSync(join(app, 'ünï \n✓'), 0o600)
    utimesSync(join(app, 'start'), 1, 1)
    const digests = packElsewhere(there)
    assert.deepEqual(digests, {
      tree: one.treeDigest,
      record: one.recordDigest,
      sbom: digestOf(one.sbom),
      statement: digestOf(one.statement),
    })
  })

  test('tells an SBOM of its npm packages and of its other files', async t => {
    const here = project(t)
    const app = join(here.root, 'app')
    write(join(app, 'node_modules/left/index.js'), 'x')
    write(join(app, 'node_modules/@a/b/node_modules/c/index.js'), 'y')
    write(join(app, 'package-lock.json'), JSON.stringify(lock))
    const bom = JSON.parse(fromUtf8((await packIn(here)).sbom))
    const names = bom.components.map((one: { purl?: string; name: string }) => one.purl ?? one.name)
    assert.deepEqual(names.sort(), [
      'pkg:npm/%40a/b@2.0.0',
      'pkg:npm/c@3.0.0',
      'pkg:npm/left@1.0.0',
      'srv/package-lock.json',
      'srv/same',
      'srv/start',
      'srv/ünï \n✓',
    ])
  })

  test('never takes keys or history along', async t => {
    const here = project(t)
    write(join(here.root, 'app/.steadfleet/offline/owner-1.pem'), 'a key')
    write(join(here.root, 'app/.git/config'), 'history')
    assert.deepEqual(pathsOf(await packIn(here)), pathsOf(await packIn(project(t))))
  })

  test('puts a file of its own name where the manifest says', async t => {
    const text = manifest.replace('  - directory: app\n', '  - directory: app/start\n')
    const result = await packIn(project(t, text.replace('to: srv', 'to: srv/start')))
    assert.deepEqual(pathsOf(result), ['srv', 'srv/start'])
  })

  test('lets a later source overwrite a file of an earlier one, and skips another machine’s', async t => {
    const more = '  - { directory: over, to: srv }\n  - { directory: arm, architecture: arm64 }\n'
    const text = manifest.replace('[amd64]', '[amd64, arm64]').replace('apps:', `${more}apps:`)
    const here = project(t, text)
    write(join(here.root, 'over/start'), 'changed', 0o755)
    write(join(here.root, 'arm/only'), 'arm')
    const result = await packIn(here)
    const start = result.tree.entries.find(({ path }) => path === 'srv/start')
    assert.equal(start?.kind === 'file' && start.digest, digestOf(Buffer.from('changed')))
    assert.ok(!pathsOf(result).includes('only'))
    assert.ok(pathsOf(await packIn(here, { architecture: 'arm64' })).includes('only'))
  })

  test('seals the statement as the caller says, and tells that nobody signed it otherwise', async t => {
    const here = project(t)
    const plain = JSON.parse(fromUtf8((await packIn(here)).provenance))
    assert.deepEqual(plain.signatures, [])
    const sealed: Uint8Array[] = []
    const sign = async (statement: Uint8Array) => {
      sealed.push(statement)
      return toDocument({ sealed: true })
    }
    const result = await packIn(here, { sign })
    assert.deepEqual(sealed, [result.statement])
    assert.deepEqual(fromBase64(plain.payload), new Uint8Array(result.statement))
    assert.equal(fromUtf8(result.provenance), '{"sealed":true}')
  })

  test('carries a sparse file of two gigabytes without holding it', async t => {
    const here = project(t)
    write(join(here.root, 'app/big'), '')
    truncateSync(join(here.root, 'app/big'), 2 ** 31 + 1)
    const before = process.memoryUsage().rss
    const { tree } = await packIn(here)
    const big = tree.entries.find(({ path }) => path === 'srv/big')
    assert.equal(big?.kind === 'file' && big.size, 2 ** 31 + 1)
    assert.ok(process.memoryUsage().rss - before < 256 * 1024 * 1024)
  })

  test('writes one bundle that holds all, or what is wanted', async t => {
    const here = project(t)
    const result = await packIn(here)
    const file = join(here.root, 'out.bundle')
    const written = await writePacked(result, file)
    assert.equal(written.digest, digestOf(readFileSync(file)))
    const objects = await objectsIn(file)
    assert.deepEqual([...objects.keys()], [...result.objects.keys()])
    const record = parseReleaseRecord(JSON.parse(fromUtf8(objects.get(result.recordDigest)!)))
    assert.deepEqual(parseTree(objects.get(record.tree.digest)!), result.tree)
    await writePacked(result, file, new Set([result.treeDigest]))
    assert.deepEqual([...(await objectsIn(file)).keys()], [result.treeDigest])
  })

  test('refuses to bundle a file that changed since', async t => {
    const here = project(t)
    const result = await packIn(here)
    writeFileSync(join(here.root, 'app/start'), 'changed')
    await assert.rejects(writePacked(result, join(here.root, 'out')), { code: 'bundle/source' })
  })

  test('tells what it does', async t => {
    const told: PackProgress[] = []
    await packIn(project(t), { onProgress: progress => told.push(progress) })
    assert.ok(told.some(({ step, what }) => step === 'read' && what === 'start'))
    assert.ok(told.some(({ step }) => step === 'describe'))
  })
})

describe('what can’t be packed', () => {
  const refusals: [what: string, spoil: (app: string) => void, code: string][] = [
    [
      'a link that leaves the tree',
      app => symlinkSync('../../x', join(app, 'out')),
      'tree/link-leaves',
    ],
    [
      'a setuid file that the manifest does not explain',
      app => chmodSync(join(app, 'start'), 0o4755),
      'pack/setuid',
    ],
    [
      'a name that is not UTF-8',
      app => writeFileSync(Buffer.concat([Buffer.from(`${app}/`), Buffer.from([0xff, 0x41])]), ''),
      'pack/name',
    ],
    ['a pipe', app => execFileSync('mkfifo', [join(app, 'pipe')]), 'pack/special-file'],
    ['a command that is not there', app => rmSync(join(app, 'start')), 'pack/command'],
    [
      'a command that no one may execute',
      app => chmodSync(join(app, 'start'), 0o644),
      'pack/command',
    ],
    ['a source that is not there', app => renameSync(app, `${app}.gone`), 'pack/source'],
  ]
  for (const [what, spoil, code] of refusals) {
    test(`is ${what}`, async t => {
      const here = project(t)
      spoil(join(here.root, 'app'))
      await assert.rejects(packIn(here), { code })
    })
  }

  test('is a socket', async t => {
    const here = project(t)
    const server = createServer().listen(join(here.root, 'app/socket'))
    t.after(() => server.close())
    await new Promise(resolve => server.once('listening', resolve))
    await assert.rejects(packIn(here), { code: 'pack/special-file' })
  })

  test('is a device node', {
    skip: process.getuid?.() !== 0 && 'needs root for mknod',
  }, async t => {
    const here = project(t)
    execFileSync('mknod', [join(here.root, 'app/null'), 'c', '1', '3'])
    await assert.rejects(packIn(here), { code: 'pack/special-file' })
  })

  test('is not a setuid file that the manifest explains', async t => {
    const why = ['start', 'same'].map(
      name => `  - { path: srv/${name}, reason: it opens a raw socket }`,
    )
    const here = project(t, `${manifest}setuid:\n${why.join('\n')}\n`)
    chmodSync(join(here.root, 'app/start'), 0o4755)
    const { tree } = await packIn(here)
    const start = tree.entries.find(({ path }) => path === 'srv/start')
    assert.equal(start?.kind === 'file' && start.mode, '4755')
  })

  test('is a file in the place of a folder that holds something', async t => {
    const here = project(t, manifest.replace('apps:', '  - { directory: over }\napps:'))
    write(join(here.root, 'over/srv'), 'a file')
    await assert.rejects(packIn(here), { code: 'pack/conflict' })
  })

  test('is a file below a link', async t => {
    const here = project(t, manifest.replace('apps:', '  - { directory: over }\napps:'))
    write(join(here.root, 'over/srv/latest/inside'), 'a file')
    await assert.rejects(packIn(here), { code: 'pack/conflict' })
  })

  test('is a package for an architecture that the manifest does not name', async t => {
    await assert.rejects(packIn(project(t), { architecture: 'arm64' }), {
      code: 'pack/architecture',
    })
  })
})

const lock = {
  lockfileVersion: 3,
  packages: {
    '': { name: 'app', version: '1.0.0' },
    'node_modules/left': { version: '1.0.0', integrity: `sha512-${'A'.repeat(86)}==` },
    'node_modules/@a/b': { version: '2.0.0', license: 'MIT' },
    'node_modules/@a/b/node_modules/c': { version: '3.0.0' },
    'node_modules/not-installed': { version: '9.0.0', dev: true },
  },
}

interface Project {
  readonly root: string
  readonly cache: string
}

describe('what is compressed', () => {
  const unpacking = manifest.replace(
    "exclude: ['*.log']",
    "unpack: ['*.ko.*', 'text.gz']\n    exclude: ['*.log']",
  )
  const text = 'what is in it '.repeat(100)

  test('is stored unpacked where the manifest asks for it, and is said', async t => {
    const here = project(t, unpacking)
    const app = join(here.root, 'app')
    writeFileSync(join(app, 'text.gz'), gzipSync(text))
    writeFileSync(join(app, 'left.gz'), gzipSync(text))
    writeFileSync(join(app, 'a.ko.zst'), zstdCompressSync(text))
    writeFileSync(join(app, 'b.ko.xz'), execFileSync('xz', ['-c'], { input: text }))
    const result = await packIn(here)
    assert.equal(result.unpacked, 3)
    const digest = digestOf(toUtf8(text))
    const found = result.tree.entries.flatMap(one =>
      one.kind === 'file' && one.digest === digest ? [one.path] : [],
    )
    assert.deepEqual(found, ['srv/a.ko', 'srv/b.ko', 'srv/text'])
    assert.ok(pathsOf(result).includes('srv/left.gz'))
    assert.equal((await packIn(here)).recordDigest, result.recordDigest)
  })

  const bad: [what: string, name: string, content: Uint8Array][] = [
    ['is no gzip', 'text.gz', toUtf8('plain')],
    ['is no xz', 'a.ko.xz', toUtf8('plain')],
    ['is cut short', 'a.ko.zst', zstdCompressSync(text).subarray(0, 20)],
    ['has a name of none', 'a.ko.bin', toUtf8('plain')],
  ]
  for (const [what, name, content] of bad) {
    test(`is refused where it ${what}`, async t => {
      const here = project(t, unpacking)
      writeFileSync(join(here.root, 'app', name), content)
      await assert.rejects(packIn(here), { code: 'pack/unpack' })
    })
  }
})

/** A folder with each kind of thing that a tree may hold. */
function project(t: TestContext, text = manifest): Project {
  const root = mkdtempSync(join(tmpdir(), 'steadfleet-pack-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const app = join(root, 'app')
  mkdirSync(join(app, 'empty'), { recursive: true })
  writeFileSync(join(root, 'steadfleet.yaml'), text)
  writeFileSync(join(app, 'start'), '#!/bin/sh\necho on\n', { mode: 0o755 })
  chmodSync(join(app, 'start'), 0o755)
  linkSync(join(app, 'start'), join(app, 'same'))
  symlinkSync('start', join(app, 'latest'))
  writeFileSync(join(app, 'ünï \n✓'), 'any name')
  writeFileSync(join(app, 'noise.log'), 'excluded')
  return { root, cache: join(root, 'cache') }
}

async function packIn(
  { root, cache }: Project,
  more: Partial<PackOptions> = {},
): Promise<PackResult> {
  return pack({
    declared: await readManifest(join(root, 'steadfleet.yaml')),
    architecture: 'amd64',
    revision: 3,
    cache,
    builder: { id: 'https://example.test/builder', version: '0.1.0' },
    ...more,
  })
}

function pathsOf({ tree }: PackResult): string[] {
  return tree.entries.map(({ path }) => path)
}

function write(path: string, content: string, mode = 0o644): void {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, content, { mode })
}

/** Packs in another process, in another time zone, under another umask. */
function packElsewhere({ root, cache }: Project): Record<string, Digest> {
  const module = new URL('./index.ts', import.meta.url).href
  const script = `
    import { digestOf } from '@steadfleet/base'
    import { pack, readManifest } from '${module}'
    process.umask(0o077)
    const declared = await readManifest('${root}/steadfleet.yaml')
    const builder = { id: 'https://example.test/builder', version: '0.1.0' }
    const one = await pack({ declared, architecture: 'amd64', revision: 3, cache: '${cache}', builder })
    console.log(JSON.stringify({
      tree: one.treeDigest,
      record: one.recordDigest,
      sbom: digestOf(one.sbom),
      statement: digestOf(one.statement),
    }))`
  const home = new URL('.', import.meta.url)
  const env = { ...process.env, TZ: 'Pacific/Chatham', LC_ALL: 'C' }
  const options = { env, cwd: home, input: script }
  const said = execFileSync(process.execPath, ['--input-type=module-typescript', '-'], options)
  return JSON.parse(said.toString())
}

async function objectsIn(file: string): Promise<Map<Digest, Uint8Array>> {
  const objects = new Map<Digest, Uint8Array>()
  const bytes = async function* () {
    yield readFileSync(file)
  }
  const opened = await openBundle(bytes(), { objects: 100, bytes: 1_000_000 })
  for await (const { digest, content } of opened.objects) {
    const pieces: Uint8Array[] = []
    for await (const piece of content) pieces.push(piece)
    objects.set(digest, new Uint8Array(Buffer.concat(pieces)))
  }
  return objects
}
