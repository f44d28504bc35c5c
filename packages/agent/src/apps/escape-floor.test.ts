import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parsePackageName } from '@steadfleet/domain'
import { Bench, isRoot, noSandbox } from './testing/bench.test.ts'

describe('a confined app', { skip: noSandbox }, () => {
  let bench: Bench
  before(async () => {
    bench = await Bench.open()
  })
  after(() => bench[Symbol.asyncDispose]())

  test('is never kernel root, has no capability and can gain none', async () => {
    const status = await bench.say('cat /proc/self/status')
    const facts = new Map(status.split('\n').map(line => line.split(':\t') as [string, string]))
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      if (isRoot || set !== 'CapBnd') assert.match(facts.get(set) ?? '', /^0+$/, set)
    }
    assert.equal(facts.get('NoNewPrivs'), '1')
    assert.equal(facts.get('Seccomp'), '2')
    const uids = (facts.get('Uid') ?? '').split('\t').map(Number)
    assert.equal(uids.length, 4)
    for (const uid of uids) assert.ok(isRoot ? uid >= 2_000_000_000 : uid === 1000, `${uid}`)
  })

  test('runs under its leased uid in the eyes of the device too', {
    skip: !isRoot && 'needs root',
  }, async () => {
    await bench.say('echo x >/data/mine')
    const data = join(bench.stateDir, 'data', 'acme.bench')
    assert.ok(statSync(join(data, 'mine')).uid >= 2_000_000_000)
    assert.equal(statSync(data).mode & 0o777, 0o700)
  })

  test('shares its uid with no other package', { skip: !isRoot && 'needs root' }, async () => {
    const other = { package: parsePackageName('acme/other') }
    assert.notEqual(await bench.say('id -u'), await bench.say('id -u', other))
  })

  const hidden = [
    '/etc/shadow',
    '/etc/passwd',
    '/root',
    '/home',
    '/sys',
    '/boot',
    '/proc/1/root/etc',
  ]
  for (const path of hidden) {
    test(`does not see ${path}`, async () => {
      assert.match(await bench.say(`ls ${path} 2>&1; echo $?`), /(No such file|Permission denied)/)
    })
  }

  test('sees no process but its own', async () => {
    const pids = (await bench.say('ls /proc')).split('\n').filter(name => /^\d+$/.test(name))
    assert.ok(pids.length <= 3, pids.join())
  })

  test('is told nothing of the agent’s environment and holds none of its files', async () => {
    process.env.STEADFLEET_TEST_SECRET = 'secret'
    const names = (await bench.say('env')).split('\n').map(line => line.split('=')[0])
    delete process.env.STEADFLEET_TEST_SECRET
    const own = ['APP', 'DATA', 'LEASES', 'PACKAGE', 'REVISION', 'SETTINGS'].map(
      name => `STEADFLEET_${name}`,
    )
    const allowed = ['HOME', 'LANG', 'OLDPWD', 'PATH', 'PWD', 'SHLVL', 'TMPDIR', '_', ...own]
    assert.deepEqual(
      names.filter(name => !allowed.includes(name ?? '')),
      [],
    )
    const files = await bench.say('ls -l /proc/self/fd')
    const foreign = files
      .split('\n')
      .filter(line => /^l/.test(line) && !/(socket:|null|\/fd)/.test(line))
    assert.deepEqual(foreign, [])
    assert.ok((files.match(/socket:/g) ?? []).length <= 2, files)
  })

  for (const path of [
    '/new',
    '/bin/new',
    '/bin/sh',
    '/settings.json',
    '/proc/sys/kernel/hostname',
    '/dev/new',
    '/.steadfleet/new',
  ]) {
    test(`cannot write ${path}`, async () => {
      const said = await bench.say(`(echo x >>${path}) 2>&1 && echo written`)
      assert.match(said, /(Read-only file system|Permission denied|cannot create|Text file busy)/)
      assert.doesNotMatch(said, /written/)
    })
  }

  for (const path of ['/data/new', '/tmp/new', '/run/new', '/dev/shm/new', '/dev/null']) {
    test(`can write ${path}`, async () => {
      assert.equal(await bench.say(`echo x >${path} && echo written`), 'written')
    })
  }

  test('reads its settings', async () => {
    assert.equal(await bench.say('cat "$STEADFLEET_SETTINGS"'), '{"greeting":"hello"}')
  })

  test('has an empty network of its own', async () => {
    const said = await bench.say('cat /proc/net/dev')
    assert.deepEqual(
      [...said.matchAll(/^\s*(\w+):/gm)].map(match => match[1]),
      ['lo'],
    )
  })

  test('has one way out where it is granted, its own; an ordinary user’s has the device’s', async () => {
    const said = await bench.say('cat /proc/net/dev', { opened: [{ interface: 'network' }] })
    const names = [...said.matchAll(/^\s*(\w+):/gm)].map(match => match[1])
    if (isRoot) assert.deepEqual(names, ['lo', 'eth0'])
    else assert.equal(said, readNetwork(said))
  })
})

/** The names of the device's own network devices, in the shape of what the app said. */
function readNetwork(said: string): string {
  const names = (text: string) => [...text.matchAll(/^\s*(\S+):/gm)].map(match => match[1]).join()
  const here = readFileSync('/proc/net/dev', 'utf8')
  return names(said) === names(here) ? said : here
}
