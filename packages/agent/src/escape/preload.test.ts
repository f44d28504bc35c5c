import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Bench, isRoot, noSandbox } from '../apps/testing/bench.test.ts'
import { noCompiler } from './testing/programs.test.ts'

const source = join(import.meta.dirname, 'programs', 'preloaded.c')

describe('a library that an app has loaded into what runs before it', {
  skip: noSandbox || noCompiler,
}, () => {
  let bench: Bench
  before(async () => {
    bench = await Bench.open()
    execFileSync('gcc', ['-shared', '-fPIC', '-o', join(bench.tree, 'bin', 'evil.so'), source])
    mkdirSync(join(bench.tree, 'etc'))
  })
  after(() => bench[Symbol.asyncDispose]())

  /** What the library said, wherever it was loaded; the shell's own command says that it ran. */
  const loadedBy = async (environment: Record<string, string> = {}) => {
    const spec = bench.shell('loads', '', { environment })
    const { output } = await bench.apps.hook(spec, ['bin/sh', '-c', 'echo ran'], 20)
    assert.ok(output.includes('ran'), output.join('\n'))
    return output.flatMap(line => /^preloaded by (\d+) with (\w+)/.exec(line)?.slice(1) ?? [])
  }
  const assertOnlyTheApp = (said: readonly string[]) => {
    for (const [i, word] of said.entries()) {
      if (i % 2 === 1) assert.match(word, /^0+$/, 'it has no capability')
      else assert.ok(isRoot ? Number(word) >= 2_000_000_000 : word === '1000', `uid ${word}`)
    }
  }

  test('has root’s rights where nothing stops it', { skip: !isRoot && 'needs root' }, () => {
    const words = ['--reuid=65534', '--clear-groups', '--', 'true']
    const env = { PATH: '/usr/bin:/bin', LD_PRELOAD: join(bench.tree, 'bin', 'evil.so') }
    assert.match(
      spawnSync('setpriv', words, { env, encoding: 'utf8' }).stderr,
      /^preloaded by 0 with 0*1ff/,
    )
  })
  test('by its environment, has the app’s alone', async () => {
    const said = await loadedBy({ LD_PRELOAD: '/bin/evil.so' })
    assert.notEqual(said.length, 0, 'the app itself may load what it likes')
    assertOnlyTheApp(said)
  })
  test('by /etc/ld.so.preload of its tree, is not loaded at all', async () => {
    writeFileSync(join(bench.tree, 'etc', 'ld.so.preload'), '/bin/evil.so\n')
    writeFileSync(join(bench.tree, 'etc', 'kept'), 'kept')
    assert.deepEqual(await loadedBy(), [])
    assert.equal(await bench.say('cat /etc/kept; ls /etc'), 'keptkept')
  })
  test('by an /etc that is a link into its data, is not loaded at all', async () => {
    rmSync(join(bench.tree, 'etc'), { recursive: true })
    await bench.say('echo /bin/evil.so >/data/ld.so.preload')
    for (const target of ['data', '/data', 'usr/../data', 'lnk']) {
      symlinkSync(target, join(bench.tree, 'etc'))
      symlinkSync('data', join(bench.tree, 'lnk'))
      assert.deepEqual(await loadedBy(), [], target)
      for (const link of ['etc', 'lnk']) rmSync(join(bench.tree, link))
    }
  })
  test('by an /etc that is a link into its tree, neither; one without is seen', async () => {
    mkdirSync(join(bench.tree, 'usr', 'etc'), { recursive: true })
    writeFileSync(join(bench.tree, 'usr', 'etc', 'ld.so.preload'), '/bin/evil.so\n')
    symlinkSync('usr/etc', join(bench.tree, 'etc'))
    assert.deepEqual(await loadedBy(), [])
    renameSync(join(bench.tree, 'usr/etc/ld.so.preload'), join(bench.tree, 'usr/etc/other'))
    assert.equal(await bench.say('cat /etc/other'), '/bin/evil.so')
  })
})
