import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { readTar } from './tar.ts'

const long = `${'long/'.repeat(30)}näme`

describe('a tar archive', () => {
  for (const format of ['gnu', 'pax', 'ustar', 'v7']) {
    test(`in the format ${format} is read as tar wrote it`, async t => {
      const names = format === 'gnu' || format === 'pax' ? ['short', long] : ['short']
      const folder = folderWith(t, names)
      const bytes = execFileSync('tar', ['-C', folder, '-cf', '-', `--format=${format}`, '.'])
      const entries = await read(bytes, 100)
      for (const name of names) assert.equal(entries.get(name), `file 644 ${name} content`)
      assert.equal(entries.get('link'), 'link short')
      assert.ok(
        [entries.get('same'), entries.get('short')].some(it => it?.startsWith('hard link')) ||
          entries.get('same') === 'file 644 short content',
      )
    })
  }

  test('keeps setuid bits, for its reader to refuse', async t => {
    const folder = folderWith(t, ['su'])
    const bytes = execFileSync('tar', ['-C', folder, '--mode=4755', '-cf', '-', 'su'])
    assert.equal((await read(bytes, 512)).get('su'), 'file 4755 su content')
  })

  test('that is cut anywhere is refused', async t => {
    const bytes = execFileSync('tar', ['-C', folderWith(t, ['short']), '-cf', '-', 'short'])
    for (let length = 0; length < 1100; length += 90) {
      await assert.rejects(read(bytes.subarray(0, length), 64), { code: 'pack/archive' })
    }
  })

  const isRoot = process.getuid?.() === 0
  test('with a device node is refused', { skip: !isRoot && 'needs root for mknod' }, async t => {
    const folder = folderWith(t, ['short'])
    execFileSync('mknod', [join(folder, 'null'), 'c', '1', '3'])
    const bytes = execFileSync('tar', ['-C', folder, '-cf', '-', 'null'])
    await assert.rejects(read(bytes, 512), { code: 'pack/special-file' })
  })

  test('with a pipe is refused', async t => {
    const folder = folderWith(t, ['short'])
    spawnSync('mkfifo', [join(folder, 'pipe')])
    const bytes = execFileSync('tar', ['-C', folder, '-cf', '-', 'pipe'])
    await assert.rejects(read(bytes, 512), { code: 'pack/special-file' })
  })

  test('with a name that is not UTF-8 is refused', async t => {
    const folder = folderWith(t, ['short'])
    const bytes = Buffer.from(execFileSync('tar', ['-C', folder, '-cf', '-', 'short']))
    bytes[0] = 0xff
    await assert.rejects(read(bytes, 512), { code: 'pack/name' })
  })
})

function folderWith(t: TestContext, names: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-tar-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of names) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), `${name} content`, { mode: 0o644 })
  }
  symlinkSync('short', join(folder, 'link'))
  linkSync(join(folder, names[0]!), join(folder, 'same'))
  return folder
}

/** Each entry in a few words, by its path. */
async function read(bytes: Uint8Array, size: number): Promise<Map<string, string>> {
  const entries = new Map<string, string>()
  for await (const entry of readTar(inPieces(bytes, size))) {
    if (entry.kind === 'directory') entries.set(entry.path, 'directory')
    else if (entry.kind !== 'file') entries.set(entry.path, `${entry.kind} ${entry.target}`)
    else {
      const pieces: Uint8Array[] = []
      for await (const piece of entry.content) pieces.push(piece)
      const text = Buffer.concat(pieces).toString()
      entries.set(entry.path, `file ${(entry.mode & 0o7777).toString(8)} ${text}`)
    }
  }
  return entries
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
