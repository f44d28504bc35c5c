import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { isRoot } from '../apps/testing/bench.test.ts'
import { needOfCopy } from '../change/data-size.ts'
import {
  bytesInAppFolders,
  copyAppFolder,
  giveAppFolder,
  putLink,
  removeAppFolder,
} from '../disk/app-folders.ts'

/** Forty folders, each in the one before, with names so long that no path leads to the last of them. */
const nest = `
const name = '0'.repeat(200)
for (let i = 0; i < 40; i += 1) {
  fs.mkdirSync(name)
  process.chdir(name)
  fs.writeFileSync('file', 'deep')
}`

/** What an app may have left in its data before the agent, as root, goes through it. */
function withFolders(story: (data: string, outside: string) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'steadfleet-folders-'))
  const [data, outside] = [join(home, 'data'), join(home, 'outside')]
  for (const folder of [data, outside]) mkdirSync(folder)
  writeFileSync(join(outside, 'file'), 'of the device')
  // Not by Node, which gets to no path that is too long.
  return story(data, outside).finally(() => void execFileSync('rm', ['-rf', home]))
}

describe('folders nested deeper than a path can be long', () => {
  test('are copied as far as paths lead, with all the rest', () =>
    withFolders(async data => {
      execFileSync(process.execPath, ['-e', nest], { cwd: data })
      writeFileSync(join(data, 'note'), 'kept')
      assert.ok((await needOfCopy(data)).inodes > 10)
      await copyAppFolder([data], `${data}.copy`)
      assert.equal(readFileSync(join(`${data}.copy`, 'note'), 'utf8'), 'kept')
      assert.ok(existsSync(join(`${data}.copy`, '0'.repeat(200), 'file')))
    }))
  test('are counted, given away and removed to the last', () =>
    withFolders(async data => {
      execFileSync(process.execPath, ['-e', nest], { cwd: data })
      assert.ok((await bytesInAppFolders([data])) >= 80 * 4096)
      if (isRoot) await giveAppFolder(data, 2_000_000_000)
      await removeAppFolder(data)
      assert.ok(!existsSync(data))
    }))
  test('hide no other fault of a copy', () =>
    withFolders(async data => {
      execFileSync(process.execPath, ['-e', nest], { cwd: data })
      const gone = join(data, 'gone')
      await assert.rejects(copyAppFolder([data, gone], `${data}.copy`), { code: 'agent/tool' })
    }))
})

describe('a link in an app’s data', () => {
  test('is copied, given away and removed as a link', () =>
    withFolders(async (data, outside) => {
      symlinkSync(outside, join(data, 'folder'))
      symlinkSync(join(outside, 'file'), join(data, 'file'))
      await copyAppFolder([data], `${data}.copy`)
      assert.equal(readlinkSync(join(`${data}.copy`, 'folder')), outside)
      if (isRoot) {
        await giveAppFolder(data, 2_000_000_000)
        assert.equal(lstatSync(join(data, 'file')).uid, 2_000_000_000)
        assert.deepEqual([statSync(outside).uid, statSync(join(outside, 'file')).uid], [0, 0])
      }
      await removeAppFolder(data)
      assert.equal(readFileSync(join(outside, 'file'), 'utf8'), 'of the device')
    }))
  for (const [what, lay] of [
    ['a folder', (at: string) => mkdirSync(join(at, 'full'), { recursive: true })],
    ['a link', (at: string) => symlinkSync('../outside', at)],
    ['a file', (at: string) => writeFileSync(at, '')],
    ['nothing', () => undefined],
  ] as const) {
    test(`of the agent’s own takes the place of ${what}`, () =>
      withFolders(async (data, outside) => {
        const at = join(data, 'cache')
        lay(at)
        await putLink(at, '/run/steadfleet/shared/cache')
        await putLink(at, '/run/steadfleet/shared/cache')
        assert.equal(readlinkSync(at), '/run/steadfleet/shared/cache')
        assert.ok(existsSync(join(outside, 'file')))
      }))
  }
})

test('a pipe is copied and not read, a sparse file stays sparse, a setuid file stays the app’s', () =>
  withFolders(async data => {
    execFileSync('mkfifo', [join(data, 'pipe')])
    writeFileSync(join(data, 'sparse'), '')
    truncateSync(join(data, 'sparse'), 2 ** 40)
    writeFileSync(join(data, 'setuid'), '', { mode: 0o755 })
    execFileSync('chmod', ['4755', join(data, 'setuid')])
    if (isRoot) await giveAppFolder(data, 2_000_000_000)
    await copyAppFolder([data], `${data}.copy`)
    const copied = (name: string) => lstatSync(join(`${data}.copy`, name))
    assert.ok(copied('pipe').isFIFO())
    assert.ok(copied('sparse').size === 2 ** 40 && copied('sparse').blocks < 100)
    const { uid, mode } = copied('setuid')
    // Given to another it loses the mark; copied, it is nobody else's.
    assert.deepEqual(isRoot ? [uid, mode & 0o4000] : [uid], isRoot ? [2_000_000_000, 0] : [uid])
  }))

/** Swaps a folder for a link to one outside, and back, as fast as it can, until it is ended. */
const swaps = `
import ctypes, os, sys
kernel = ctypes.CDLL(None)
one, two = sys.argv[1].encode(), sys.argv[2].encode()
print("begun", flush=True)
while True: kernel.renameat2(-100, one, -100, two, 2)`

const python = spawnSync('python3', ['-c', 'pass']).status === 0
test(
  'a folder that is swapped for a link while it is removed or given away leads nobody outside',
  {
    skip: !python && 'needs python3',
  },
  () =>
    withFolders(async (data, outside) => {
      for (let round = 0; round < 8; round += 1) {
        mkdirSync(join(data, 'a'), { recursive: true })
        const names = Array.from({ length: 50 }, (_, i) => `file-${i}`)
        for (const folder of [join(data, 'a'), outside]) {
          for (const name of names) writeFileSync(join(folder, name), '')
        }
        symlinkSync(outside, join(data, 'b'))
        const child = spawn('python3', ['-c', swaps, join(data, 'a'), join(data, 'b')])
        await new Promise(resolve => child.stdout.once('data', resolve))
        if (isRoot) await giveAppFolder(data, 2_000_000_000).catch(() => undefined)
        await removeAppFolder(data).catch(() => undefined)
        child.kill('SIGKILL')
        await new Promise(resolve => child.once('close', resolve))
        assert.ok(existsSync(join(outside, 'file')), `round ${round}`)
        if (isRoot) assert.equal(statSync(join(outside, 'file')).uid, 0)
        rmSync(data, { recursive: true, force: true })
        mkdirSync(data)
      }
    }),
)
