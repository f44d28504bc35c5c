import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { arch, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fromUtf8, isCoded } from '@steadfleet/base'
import type { Architecture } from '@steadfleet/domain'
import { type PackResult, pack, readManifest } from '../index.ts'

const architecture: Architecture = arch() === 'arm64' ? 'arm64' : 'amd64'
const triplet = architecture === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'
const loader = architecture === 'arm64' ? 'ld-linux-aarch64.so.1' : 'ld-linux-x86-64.so.2'

/** What makes this test impossible rather than failed: no apt, or no archive within reach. */
const outOfReach = ['debian/tool', 'debian/unreachable', 'debian/unknown-package']

test('Debian’s mosquitto is packed with all that it needs to start', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-mosquitto-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const packed = await packMosquitto(folder, '=2.0.11-1.2+deb12u1').catch(async fault => {
    if (isCoded(fault, 'debian/version-gone')) return packMosquitto(folder, '')
    if (isCoded(fault) && outOfReach.includes(fault.code)) return fault
    throw fault
  })
  if (isCoded(packed)) return t.skip(packed.message)

  const tree = join(folder, 'tree')
  layOut(packed, tree)
  const library = join(tree, 'usr/lib', triplet)
  const command = ['--library-path', library, '--inhibit-cache', join(tree, 'usr/sbin/mosquitto')]
  // Without the tree's own libraries nothing would be found: the environment is empty.
  const said = spawnSync(join(library, loader), [...command, '-h'], { env: {} })
  assert.match(
    String(said.stdout),
    /mosquitto version 2\.[\s\S]*Usage: mosquitto/,
    `${said.stderr}`,
  )

  const needed = spawnSync(join(library, loader), ['--list', ...command], { env: {} })
  const outside = String(needed.stdout).match(/=> (?!.*steadfleet-mosquitto).*/g)
  assert.equal(outside, null)

  const bom = JSON.parse(fromUtf8(packed.sbom))
  const names = bom.components.map((one: { name: string }) => one.name)
  assert.ok(names.includes('mosquitto') && names.includes('libc6') && names.includes('libssl3'))
  assert.ok(!names.includes('adduser'))
  assert.match(fromUtf8(packed.statement), /"name":"mosquitto=2\./)
})

async function packMosquitto(folder: string, version: string): Promise<PackResult> {
  const path = join(folder, 'steadfleet.yaml')
  writeFileSync(path, manifestFor(version))
  return pack({
    declared: await readManifest(path),
    architecture,
    revision: 1,
    cache: join(folder, 'cache'),
    builder: { id: 'https://example.test/builder', version: '0.1.0' },
  })
}

function manifestFor(version: string): string {
  return `
name: mosquitto
publisher: acme
version: '2.0'
architectures: [amd64, arm64]
sources:
  - debian: ['mosquitto${version}']
    stop-at: [adduser, debconf, lsb-base, sysvinit-utils]
    exclude: [usr/share/doc/**, usr/share/man/**]
apps:
  broker: { command: [usr/sbin/mosquitto] }
support-end: 2030-01-31
security-contact: mailto:security@acme.example
`
}

function layOut({ tree, objects }: PackResult, root: string): void {
  mkdirSync(root)
  for (const entry of tree.entries) {
    const path = join(root, entry.path)
    if (entry.kind === 'directory') mkdirSync(path)
    if (entry.kind === 'link') symlinkSync(entry.target, path)
    if (entry.kind !== 'file') continue
    const content = objects.get(entry.digest)
    if (content && 'file' in content) copyFileSync(content.file, path)
    chmodSync(path, Number.parseInt(entry.mode, 8))
  }
}
