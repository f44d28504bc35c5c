import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { digestOf, fromUtf8, toHexDigest } from '@steadfleet/base'
import { makeLock, parseLock, toLockBytes } from '@steadfleet/evidence'
import {
  archivedInputs,
  archiveInputs,
  declare,
  lockedBuild,
  type PackOptions,
  type PackResult,
  pack,
  readManifest,
  writeLock,
} from './index.ts'

const manifest = `
name: greenhouse
publisher: acme
version: 1.0.0
architectures: [amd64, arm64]
sources:
  - { directory: arm, architecture: arm64 }
  - { directory: app, to: opt/srv, exclude: ['*.log'] }
  - { directory: config.json, to: etc/config.json }
apps:
  web: { command: [opt/srv/start] }
support-end: 2030-01-31
security-contact: mailto:security@acme.example
`

describe('a build that is done again', () => {
  test('from the folder gives the same bytes', async t => {
    const here = project(t)
    const first = await packIn(here)
    assert.deepEqual(digests(await packAgain(here, first, 'here')), digests(first))
  })

  test('from archived inputs alone gives the same bytes, without the folder', async t => {
    const here = project(t)
    const first = await packIn(here)
    assert.equal(await archiveInputs(here.archive, first.inputs), first.inputs.size)
    rmSync(here.home, { recursive: true })
    assert.deepEqual(digests(await packAgain(here, first, 'archived')), digests(first))
  })

  const changes: [what: string, change: (home: string) => void][] = [
    ['with a file that changed', home => write(join(home, 'app/page'), 'other')],
    ['with a file more', home => write(join(home, 'app/more'), '')],
    ['with a file that became executable', home => chmodSync(join(home, 'app/page'), 0o755)],
    ['with another single file', home => write(join(home, 'config.json'), '{"a":1}')],
  ]
  for (const [what, change] of changes) {
    test(`${what} is refused, and both digests are named`, async t => {
      const here = project(t)
      const first = await packIn(here)
      change(here.home)
      await assert.rejects(
        packAgain(here, first, 'here'),
        (error: { code: string; details: Record<string, string> }) => {
          assert.equal(error.code, 'pack/locked')
          assert.match(error.details.found ?? '', /^sha256:/)
          assert.match(error.details.locked ?? '', /^sha256:/)
          assert.notEqual(error.details.found, error.details.locked)
          return true
        },
      )
    })
  }

  test('with another manifest is refused', async t => {
    const here = project(t)
    const { lock } = await packIn(here)
    const other = declare(Buffer.from(`${manifest}# more\n`), 'steadfleet.yaml', here.home)
    assert.throws(() => lockedBuild(lock, other.digest, 'amd64'), { code: 'pack/locked' })
  })

  test('for an architecture that the lock has not is refused', async t => {
    const { lock, declared } = await packIn(project(t))
    assert.throws(() => lockedBuild(lock, declared.digest, 'arm64'), { code: 'pack/lock' })
  })

  test('by a lock that has other sources is refused', async t => {
    const here = project(t)
    const first = await packIn(here)
    const build = parseLock(first.lock).builds.amd64
    const [one] = build?.sources ?? []
    const debian = { debian: [], vendor: 'x', distribution: 'x', packages: [] }
    for (const sources of [one ? [one] : [], [debian, debian]]) {
      const lock = toLockBytes(makeLock(first.declared.digest, 'amd64', { sources }))
      await assert.rejects(packAgain(here, { ...first, lock }, 'here'), { code: 'pack/lock' })
    }
  })

  test('from an archive that lacks a file, or holds it changed, is refused', async t => {
    const here = project(t)
    const first = await packIn(here)
    await archiveInputs(here.archive, first.inputs)
    const hex = toHexDigest(digestOf(Buffer.from('a page')))
    const file = join(here.archive, hex.slice(0, 2), hex)
    assert.equal(readFileSync(file, 'utf8'), 'a page')
    writeFileSync(file, 'a p4ge')
    await assert.rejects(packAgain(here, first, 'archived'), { code: 'pack/input-gone' })
    rmSync(file)
    await assert.rejects(packAgain(here, first, 'archived'), { code: 'pack/input-gone' })
  })

  test('inside an npm package knows that package without what lies around it', async t => {
    const here = project(t, manifest.replace('directory: app,', 'directory: node_modules/left,'))
    const left = join(here.home, 'node_modules/left')
    write(join(left, 'package.json'), '{"name":"left","version":"1.2.3","license":"MIT"}')
    write(join(left, 'start'), '#!/bin/sh\n', 0o755)
    const first = await packIn(here)
    assert.match(fromUtf8(first.sbom), /pkg:npm\/left@1\.2\.3/)
    await archiveInputs(here.archive, first.inputs)
    rmSync(here.home, { recursive: true })
    assert.deepEqual(digests(await packAgain(here, first, 'archived')), digests(first))
  })
})

describe('the file of a lock', () => {
  test('lies beside the manifest, and one architecture leaves the other’s build alone', async t => {
    const here = project(t)
    const [amd64, arm64] = [await packIn(here), await packIn(here, { architecture: 'arm64' })]
    const path = await writeLock(amd64.declared, amd64.lock)
    await writeLock(arm64.declared, arm64.lock)
    const lock = parseLock(readFileSync(path))
    assert.deepEqual(Object.keys(lock.builds), ['amd64', 'arm64'])
    assert.deepEqual(lock.builds.amd64, parseLock(amd64.lock).builds.amd64)
    assert.equal(lock.builds.arm64?.sources.length, 3)
  })

  test('is made anew where the manifest is another one', async t => {
    const here = project(t)
    const arm64 = await packIn(here, { architecture: 'arm64' })
    await writeLock(arm64.declared, arm64.lock)
    write(join(here.home, 'steadfleet.yaml'), `${manifest}# more\n`)
    const amd64 = await packIn(here)
    const lock = parseLock(readFileSync(await writeLock(amd64.declared, amd64.lock)))
    assert.deepEqual(Object.keys(lock.builds), ['amd64'])
  })

  test('is never packed itself', async t => {
    const here = project(t, manifest.replace('directory: app,', 'directory: .,'))
    write(join(here.home, 'start'), '#!/bin/sh\n', 0o755)
    const first = await packIn(here)
    await writeLock(first.declared, first.lock)
    assert.deepEqual(digests(await packIn(here)), digests(first))
  })
})

interface Project {
  readonly home: string
  readonly cache: string
  readonly archive: string
}

type Packed = PackResult & Pick<PackOptions, 'declared'>

function project(t: TestContext, text = manifest): Project {
  const root = mkdtempSync(join(tmpdir(), 'steadfleet-lock-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const home = join(root, 'home')
  write(join(home, 'steadfleet.yaml'), text)
  write(join(home, 'app/start'), '#!/bin/sh\n', 0o755)
  write(join(home, 'app/page'), 'a page')
  write(join(home, 'app/noise.log'), 'noise')
  write(join(home, 'arm/only'), 'arm')
  write(join(home, 'config.json'), '{}')
  return { home, cache: join(root, 'cache'), archive: join(root, 'archive') }
}

async function packIn({ home, cache }: Project, more: Partial<PackOptions> = {}): Promise<Packed> {
  const declared = more.declared ?? (await readManifest(join(home, 'steadfleet.yaml')))
  const builder = { id: 'https://example.test/builder', version: '0.1.0' }
  const options = { declared, architecture: 'amd64' as const, revision: 3, cache, builder, ...more }
  return { ...(await pack(options)), declared }
}

function packAgain(
  here: Project,
  { declared, lock }: Packed,
  folders: 'here' | 'archived',
): Promise<Packed> {
  const build = lockedBuild(lock, declared.digest, 'amd64')
  const inputs = archivedInputs(here.archive)
  return packIn(here, { declared, repeat: { build, inputs, folders } })
}

function digests({ treeDigest, sbom, statement, lock, recordDigest }: PackResult): string[] {
  return [treeDigest, digestOf(sbom), digestOf(statement), digestOf(lock), recordDigest]
}

function write(path: string, content: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content, { mode })
  chmodSync(path, mode)
}
