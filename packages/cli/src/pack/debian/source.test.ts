import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { type Digest, digestOf, toUtf8 } from '@steadfleet/base'
import type { TreeEntry } from '@steadfleet/bundle'
import { PackError } from '../error.ts'
import type { Gathered, RepeatSource } from '../source.ts'
import { Staging } from '../staging.ts'
import type { Archive } from './archive.ts'
import type { DebianPackage } from './control.ts'
import { readDebian } from './source.ts'

const hasDpkg = spawnSync('dpkg-deb', ['--version']).status === 0

describe('Debian packages', { skip: !hasDpkg && 'there is no dpkg-deb' }, () => {
  test('are unpacked with /lib merged into /usr, so that every loader is found', async t => {
    const { found } = await readWith(t, archiveOf(t))
    const entries = staged(found)
    assert.deepEqual(entries.get('lib'), { path: 'lib', kind: 'link', target: 'usr/lib' })
    assert.deepEqual(entries.get('lib64'), { path: 'lib64', kind: 'link', target: 'usr/lib64' })
    const loader = entries.get('usr/lib64/ld.so')
    assert.equal(loader?.kind === 'link' && loader.target, '/lib/real.so')
    assert.equal(entries.get('usr/lib/real.so')?.kind, 'file')
    assert.deepEqual(entries.get('usr/bin/same'), {
      ...entries.get('usr/bin/tool'),
      path: 'usr/bin/same',
    })
    assert.ok(!entries.has('bin/tool') && !entries.has('DEBIAN'))
  })

  test('come without what the manifest excludes, by either path', async t => {
    const { found } = await readWith(t, archiveOf(t), {
      exclude: ['usr/share/doc/**', 'lib/real.so'],
    })
    const paths = [...staged(found).keys()]
    assert.ok(!paths.includes('usr/share/doc/tool/copyright'))
    assert.ok(!paths.includes('usr/lib/real.so'))
    assert.ok(paths.includes('usr/share/doc'))
  })

  test('are components of the SBOM and inputs of the provenance', async t => {
    const { components, inputs } = await readWith(t, archiveOf(t))
    const [component] = components
    assert.equal(component?.kind === 'debian' && component.source, 'tool-source')
    assert.equal(inputs[0]?.name, 'tool=1:2.0-3')
    assert.match(inputs[0]?.uri ?? '', /^pkg:deb\/[a-z]+\/tool@1:2\.0-3\?arch=amd64&distro=/)
  })

  test('are downloaded once, and unpacked once', async t => {
    const cache = scratch(t)
    const archive = archiveOf(t)
    const first = await readWith(t, archive, {}, cache)
    const second = await readWith(t, { ...archive, download: neverAsked }, {}, cache)
    assert.deepEqual(second, first)
    const file = first.found.find(one => one.kind === 'file')
    if (file?.kind === 'file') rmSync(file.content)
    assert.deepEqual(await readWith(t, archive, {}, cache), first)
  })

  test('that are not what the index says are refused', async t => {
    const archive = archiveOf(t)
    const download: Archive['download'] = async (packages, folder) => {
      await archive.download(packages, folder)
      writeFileSync(join(folder, 'tool.deb'), 'something else')
    }
    await assert.rejects(readWith(t, { ...archive, download }), { code: 'debian/digest' })
  })

  test('are taken by the lock from archived inputs, and apt is not asked', async t => {
    const first = await readWith(t, archiveOf(t))
    const [content] = first.content.values()
    const inputs = { find: async () => (content && 'file' in content ? content.file : undefined) }
    const repeat = { locked: first.locked, inputs, folders: 'archived' } as const
    const second = await readWith(t, deaf, {}, scratch(t), repeat)
    assert.deepEqual(summaryOf(second), summaryOf(first))
  })

  test('of the lock are downloaded where no input is kept, at no other version', async t => {
    const archive = archiveOf(t)
    const first = await readWith(t, archive)
    const repeat = { locked: first.locked, inputs: nothing, folders: 'here' } as const
    const onlyDownload = { ...deaf, download: archive.download }
    assert.deepEqual(
      summaryOf(await readWith(t, onlyDownload, {}, scratch(t), repeat)),
      summaryOf(first),
    )
  })

  test('of the lock that come as other bytes are refused, and both digests are named', async t => {
    const first = await readWith(t, archiveOf(t))
    const other = archiveOf(t, folder => write(join(folder, 'bin/more'), 'more', 0o755))
    const download: Archive['download'] = async (packages, folder) => {
      await other.download(packages, folder)
      renameSync(join(folder, 'tool.deb'), join(folder, 'tool_2.0-3_amd64.deb'))
    }
    const repeat = { locked: first.locked, inputs: nothing, folders: 'here' } as const
    const again = readWith(t, { ...deaf, download }, {}, scratch(t), repeat)
    await assert.rejects(again, (error: { code: string; details: Record<string, string> }) => {
      assert.equal(error.code, 'debian/digest')
      assert.equal(error.details.digest, first.inputs[0]?.digest)
      assert.match(error.details.found ?? '', /^sha256:/)
      return true
    })
  })

  test('are looked for once more in fresh lists, and then refused', async t => {
    const archive = archiveOf(t)
    let updates = 0
    const update = async () => {
      updates += 1
      return true
    }
    const gone = { ...archive, versionsOf: async () => new Map(), update }
    await assert.rejects(readWith(t, gone), { code: 'debian/unknown-package' })
    assert.equal(updates, 1)
    const unreachable = async () => {
      throw new PackError('debian/unreachable', 'cannot reach it')
    }
    await assert.rejects(readWith(t, { ...gone, update: unreachable }), {
      code: 'debian/unknown-package',
    })
  })

  test('with setuid files are refused where the manifest does not explain them', async t => {
    const { found } = await readWith(
      t,
      archiveOf(t, folder => chmodSync(join(folder, 'bin/tool'), 0o4755)),
    )
    assert.throws(() => staged(found), {
      code: 'pack/setuid',
      message: /^cannot pack usr\/bin\/same, usr\/bin\/tool: setuid/,
    })
  })
})

interface Options {
  readonly exclude?: string[]
}

function readWith(
  t: TestContext,
  archive: Archive,
  options: Options = {},
  cache = scratch(t),
  repeat?: RepeatSource,
): Promise<Gathered> {
  const source = { debian: ['tool'], ...options }
  const onProgress = () => undefined
  const context = { home: '/', architecture: 'amd64', cache, archive, onProgress } as const
  return readDebian(source, { ...context, ...(repeat && { repeat }) })
}

/** An archive that must not be asked. */
const deaf: Archive = {
  versionsOf: neverAsked,
  providersOf: neverAsked,
  download: neverAsked,
  update: neverAsked,
}

const nothing = { find: async () => undefined }

/** All that matters of what a source brings: not where its content lies. */
function summaryOf({ found, components, inputs, locked }: Gathered): object {
  const paths = found.map(one => (one.kind === 'file' ? { ...one, content: '' } : one))
  return { paths, components, inputs, locked }
}

function staged(found: Gathered['found']): Map<string, TreeEntry> {
  const staging = new Staging([], true)
  for (const one of found) staging.add(one)
  return new Map(staging.list().entries.map(entry => [entry.path, entry]))
}

/** An archive that holds one package, built here. */
function archiveOf(t: TestContext, change: (folder: string) => void = () => undefined): Archive {
  const folder = scratch(t)
  const root = join(folder, 'root')
  write(join(root, 'DEBIAN/control'), control)
  write(join(root, 'DEBIAN/postinst'), `#!/bin/sh\ntouch ${folder}/script-ran\n`, 0o755)
  write(join(root, 'bin/tool'), 'tool', 0o755)
  linkSync(join(root, 'bin/tool'), join(root, 'bin/same'))
  write(join(root, 'lib/real.so'), 'loader', 0o755)
  mkdirSync(join(root, 'lib64'))
  symlinkSync('/lib/real.so', join(root, 'lib64/ld.so'))
  write(join(root, 'usr/share/doc/tool/copyright'), 'free')
  change(root)
  const file = join(folder, 'tool.deb')
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', root, file], { stdio: 'ignore' })
  const one = packageOf(digestOf(readFileSync(file)))
  t.after(() => assert.ok(!existsSync(join(folder, 'script-ran'))))
  return {
    versionsOf: async () => new Map([['tool', [one]]]),
    providersOf: async () => [],
    download: async (_, into) => copyFileSync(file, join(into, 'tool.deb')),
    update: async () => false,
  }
}

const control = `Package: tool
Version: 1:2.0-3
Architecture: amd64
Maintainer: nobody <nobody@example.test>
Description: a tool
`

function packageOf(digest: Digest): DebianPackage {
  return {
    name: 'tool',
    version: '1:2.0-3',
    architecture: 'amd64',
    source: 'tool-source',
    sourceVersion: '1:2.0-3',
    depends: [],
    provides: [],
    digest,
    size: 1,
  }
}

async function neverAsked(): Promise<never> {
  throw new Error('it was asked again')
}

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-debian-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function write(path: string, content: string, mode = 0o644): void {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, toUtf8(content), { mode })
  chmodSync(path, mode)
  chmodSync(join(path, '..'), 0o755)
}
