import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  createReadStream,
  ftruncateSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { digestOf, fromUtf8 } from '@steadfleet/base'
import { openBundle, parseTree, toTreeBytes } from '@steadfleet/bundle'
import { type PackOptions, type PackResult, pack, readManifest, writePacked } from './index.ts'

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
})

interface Project {
  readonly root: string
  readonly cache: string
}

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
