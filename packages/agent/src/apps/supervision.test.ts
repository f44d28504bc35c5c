import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type App, type AppState, parsePackageName } from '@steadfleet/domain'
import type { AppSpec } from './apps.ts'
import { runFolder } from './run-record.ts'
import { Bench, isRoot, noSandbox, until } from './testing/bench.test.ts'

const name = parsePackageName('acme/bench')

for (const withCgroups of isRoot ? [true, false] : [false]) {
  describe(`an app ${withCgroups ? 'with' : 'without'} cgroups`, { skip: noSandbox }, () => {
    let bench: Bench
    before(async () => {
      bench = await Bench.open({ withCgroups })
    })
    after(() => bench[Symbol.asyncDispose]())

    const stateOf = (app: string) => bench.apps.status().find(status => status.app === app)
    const exitOf = (app: string) => until(() => bench.exits.find(exit => exit.app === app))
    const troubleOf = (app: string) => until(() => bench.troubles.find(one => one.app === app))
    const said = (app: string, text: RegExp) =>
      until(() => bench.lines.some(line => line.app === app && text.test(line.text)))
    const start = (
      app: string,
      script: string,
      stated: Partial<App> = {},
      more: Partial<AppSpec> = {},
    ) => bench.apps.start(bench.shell(app, script, stated, more))

    const policies: [
      daemon: App['daemon'],
      restart: App['restart'],
      exit: number,
      state: AppState,
    ][] = [
      ['simple', 'never', 0, 'exited'],
      ['simple', 'never', 3, 'failed'],
      ['simple', 'on-failure', 0, 'exited'],
      ['oneshot', 'never', 0, 'exited'],
      ['oneshot', 'never', 1, 'failed'],
      ['oneshot', 'always', 0, 'exited'],
    ]
    for (const [i, [daemon = 'simple', restart = 'always', exit, state]] of policies.entries()) {
      test(`that is ${daemon}, restarted ${restart}, and exits ${exit} is ${state}`, async () => {
        const app = `policy-${i}`
        await start(app, `echo last words; exit ${exit}`, { daemon, restart })
        const ended = await exitOf(app)
        assert.deepEqual([ended.exit, ended.signal, ended.log], [exit, undefined, ['last words']])
        assert.deepEqual(await until(() => stateOf(app)?.state === state && stateOf(app)), {
          package: name,
          app,
          state,
          restarts: 0,
        })
      })
    }

    test('that keeps failing is started again, each time later', async () => {
      await start('failing', 'echo try; exit 7')
      await until(() => (stateOf('failing')?.restarts ?? 0) >= 3)
      const tries = bench.exits.filter(exit => exit.app === 'failing')
      assert.ok(tries.length >= 3 && tries.every(exit => exit.exit === 7))
    })

    test('that dies by a signal is reported with it', async () => {
      await start('signal', 'kill -SEGV $$', { restart: 'never' })
      const { signal, exit } = await exitOf('signal')
      assert.deepEqual([signal, exit], ['SIGSEGV', undefined])
    })

    test('that is told to stop hears SIGTERM inside its sandbox, and so do its children', async () => {
      const script = `trap 'echo parent; wait; exit 0' TERM; (trap 'echo child; exit 0' TERM; while :; do sleep 0.05; done) & echo ready; while :; do sleep 0.05; done`
      await start('polite', script, {}, { package: parsePackageName('acme/polite') })
      await said('polite', /ready/)
      await bench.apps.stop(parsePackageName('acme/polite'))
      const log = await bench.apps.log(parsePackageName('acme/polite'), 'polite', 10)
      assert.ok(log.includes('parent') && log.includes('child'), log.join())
      assert.equal(stateOf('polite'), undefined)
      assert.ok(!bench.exits.some(exit => exit.app === 'polite'))
    })

    test('that ignores SIGTERM is ended when its time is up', async () => {
      const other = { package: parsePackageName('acme/deaf') }
      const script = `trap '' TERM; echo ready; while :; do sleep 0.05; done`
      await start('deaf', script, { 'stop-timeout-seconds': 1 }, other)
      await said('deaf', /ready/)
      await bench.apps.stop(other.package)
      assert.deepEqual(processesIn(bench, other.package, 'deaf'), [])
      const { trouble, why } = await troubleOf('deaf')
      assert.deepEqual([trouble, why.includes('1 s')], ['is deaf', true])
    })

    test('that forks without end is held to its number and can be stopped', async () => {
      const other = { package: parsePackageName('acme/bomb'), limits: { processes: 40 } }
      // Each generation leaves two; dash ends when it cannot fork, others take its place.
      const script = 'echo ready; f() { (f) & (f) & sleep 0.01; }; while :; do f 2>/dev/null; done'
      await start('bomb', script, { 'stop-timeout-seconds': 1 }, other)
      await said('bomb', /ready/)
      const most = await until(() => {
        const count = processesIn(bench, other.package, 'bomb').length
        return count >= 20 || (stateOf('bomb')?.restarts ?? 0) > 0 ? count : undefined
      })
      assert.ok(most <= 45, `${most} processes`)
      if (withCgroups) assert.equal((await troubleOf('bomb')).trouble, 'forks')
      await bench.apps.stop(other.package)
      assert.deepEqual(processesIn(bench, other.package, 'bomb'), [])
    })

    test('that takes more memory than it may is ended, and that is known for what it is', async () => {
      const limits = { 'memory-mb': 16 }
      // dd takes a block into memory whole.
      await start(
        'eater',
        'dd if=/dev/zero of=/dev/null bs=64M count=8',
        { restart: 'never' },
        { limits },
      )
      const { exit, signal, outOfMemory } = await exitOf('eater')
      assert.equal(outOfMemory, withCgroups)
      assert.ok(signal === 'SIGKILL' || exit !== 0)
    })

    test('that fills the disk is ended, and not begun again when it does not tidy up', async () => {
      const other = { package: parsePackageName('acme/filler'), limits: { 'disk-mb': 1 } }
      const script =
        'while :; do dd if=/dev/zero bs=1M count=10 >>/data/all 2>/dev/null; sleep 0.1; done'
      await start('filler', script, {}, other)
      assert.equal((await troubleOf('filler')).trouble, 'fills the disk')
      assert.match((await exitOf('filler')).signal ?? '', /^SIG(KILL|TERM)$/)
      const { data } = bench.shell('filler', '', {}, other)
      await until(() => bench.warnings.some(one => /its data takes \d+ MB of 1$/.test(one)))
      const size = statSync(join(data, 'all')).size
      assert.ok(size > 65 << 20 && size < 3e9, `${size} bytes`)
      await bench.apps.stop(other.package)
      const hook = await bench.apps.hook(
        bench.shell('filler', '', {}, other),
        ['bin/sh', '-c', script],
        60,
      )
      assert.ok(hook.exit > 124, `a hook that goes on ends with ${hook.exit}`)
    })

    test('that floods its output keeps no more than two files of a megabyte', async () => {
      const other = { package: parsePackageName('acme/flood') }
      await start('flood', 'while :; do echo "a line of a flood that never ends"; done', {}, other)
      const folder = runFolder(bench.stateDir, other.package, 'flood')
      await until(() => readdirSync(folder).includes('log.b'))
      const log = await until(async () => {
        const lines = await bench.apps.log(other.package, 'flood', 100)
        return lines.length === 100 && lines
      })
      assert.equal((await troubleOf('flood')).trouble, 'floods')
      assert.equal(stateOf('flood')?.restarts, 0)
      await bench.apps.stop(other.package)
      for (const file of ['log.a', 'log.b']) assert.ok(statSync(join(folder, file)).size <= 1 << 20)
      assert.ok(log.slice(1, -1).every(line => line === 'a line of a flood that never ends'))
    })

    test('that is started anew is told of with its own lines alone', async () => {
      const other = { package: parsePackageName('acme/anew') }
      await start('anew', 'echo of the first; sleep 60', { 'stop-timeout-seconds': 1 }, other)
      await said('anew', /first/)
      const next = { ...other, revision: 2 }
      await start('anew', 'echo of the second; exit 1', { restart: 'never' }, next)
      assert.deepEqual((await exitOf('anew')).log, ['of the second'])
      assert.deepEqual(await bench.apps.log(other.package, 'anew', 10), ['of the second'])
    })

    test('that writes short lines slowly keeps the last of them', async () => {
      const other = { package: parsePackageName('acme/slow') }
      await start(
        'slow',
        'i=0; while [ $i -lt 700 ]; do i=$((i+1)); echo $i; done; sleep 60',
        { 'stop-timeout-seconds': 1 },
        other,
      )
      const log = await until(async () => {
        const lines = await bench.apps.log(other.package, 'slow', 50)
        return lines.at(-1) === '700' && lines
      })
      assert.deepEqual(
        log,
        Array.from({ length: 50 }, (_, i) => `${i + 651}`),
      )
      await bench.apps.stop(other.package)
    })

    test('can open its output by name', async () => {
      await start('named', 'echo by name >/dev/stdout; echo by number', { restart: 'never' })
      assert.deepEqual((await exitOf('named')).log, ['by name', 'by number'])
    })

    test('that is no program says so', async () => {
      await bench.apps.start(bench.spec('absent', { command: ['bin/absent'], restart: 'never' }))
      const { exit, log } = await exitOf('absent')
      assert.ok(exit !== 0)
      assert.match(log.join(), /No such file/)
    })

    test('keeps its data over a restart and shares it with its hooks', async () => {
      await start('keeper', 'echo kept >/data/note', { daemon: 'oneshot' })
      await exitOf('keeper')
      assert.equal(await bench.say('cat /data/note'), 'kept')
    })

    const hooks: [what: string, script: string, seconds: number, exit: number, output: string[]][] =
      [
        ['that succeeds', 'echo done', 10, 0, ['done']],
        ['that fails', 'echo why >&2; exit 9', 10, 9, ['why']],
        ['that hangs', 'echo waiting; sleep 600', 1, 124, ['waiting', 'ended after 1 s']],
      ]
    for (const [what, script, seconds, exit, output] of hooks) {
      test(`has a hook ${what}: ${exit}`, async () => {
        const spec = bench.shell('hook', script)
        const result = await bench.apps.hook(spec, ['bin/sh', '-c', script], seconds)
        assert.deepEqual(result, { exit, output })
      })
    }

    const checks: [what: string, check: string[] | undefined, ok: boolean][] = [
      ['that has no check', undefined, true],
      ['whose check succeeds', ['bin/sh', '-c', 'exit 0'], true],
      ['whose check fails', ['bin/sh', '-c', 'echo ill; exit 1'], false],
    ]
    for (const [i, [what, check, ok]] of checks.entries()) {
      test(`${what} is ${ok ? 'well' : 'ill'}`, async () => {
        const other = parsePackageName(`acme/check-${i}`)
        const health = check && { exec: check }
        await start('check', 'exec sleep 600', { ...(health && { health }) }, { package: other })
        assert.equal((await bench.apps.health(other)).ok, ok)
        await bench.apps.stop(other)
        assert.equal((await bench.apps.health(other)).ok, false)
      })
    }

    test('that has no network can’t be asked over it, and that is said', async () => {
      const other = parsePackageName('acme/alone')
      const health = { http: { port: 80, path: '/' } }
      await start('alone', 'exec sleep 600', { health }, { package: other })
      assert.match((await bench.apps.health(other)).why, /no network/)
      await bench.apps.stop(other)
    })

    test('started again with the same spec is left alone; with another it is replaced', async () => {
      const other = { package: parsePackageName('acme/twice') }
      await start('twice', 'echo one; exec sleep 600', {}, other)
      await said('twice', /one/)
      await start('twice', 'echo one; exec sleep 600', {}, other)
      await start('twice', 'echo two; exec sleep 600', {}, other)
      await said('twice', /two/)
      const words = bench.lines.filter(line => line.app === 'twice').map(line => line.text)
      assert.deepEqual(
        words.filter(text => text !== 'Terminated'),
        ['one', 'two'],
      )
      await bench.apps.stop(other.package)
    })
  })
}

/** What of an app's run is still there, the keeper and its writer included. */
function processesIn(bench: Bench, packageName: string, app: string): string[] {
  const folder = join(bench.stateDir, 'data', packageName.replace('/', '.'))
  return readdirSync('/proc').filter(pid => {
    if (!/^\d+$/.test(pid)) return false
    return (
      mountsOf(pid).includes(` ${folder.slice(folder.indexOf('/steadfleet-apps'))} /data `) &&
      app !== ''
    )
  })
}

function mountsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
  } catch {
    return ''
  }
}
