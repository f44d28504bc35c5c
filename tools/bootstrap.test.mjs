import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { needed } from './bootstrap/debian.mjs'
import { refuseOldTools } from './bootstrap/runtime.mjs'

const codes = Object.keys(JSON.parse(readFileSync('tools/bootstrap/codes.json', 'utf8')))
const runtimeFolder = `node_modules/node-linux-${process.arch}/bin`
const isRoot = process.getuid?.() === 0
const lacksLibrary = 'echo "node: error while loading shared libraries: x.so" >&2; exit 127'
const everyCommand = needed.flatMap(({ command }) => command ?? [])

const tools = [
  ['16.20.2', 'npm/9.2.0 node/v16', 'bootstrap/old-node'],
  ['20.0.0', 'npm/8.19.0 node/v20', 'bootstrap/old-npm'],
  ['18.13.0', 'npm/9.2.0 node/v18', undefined],
  ['26.10.0', '', undefined],
]
for (const [node, agent, code] of tools) {
  test(`Node ${node} with ${agent || 'no npm'} is ${code ?? 'enough'}`, () => {
    const look = () => refuseOldTools(node, agent)
    if (code) assert.throws(look, { code })
    else look()
  })
}

describe('the bootstrap', () => {
  test('leaves alone what is as the lock file says', t => {
    const { run, calls } = checkout(t, { installed: true })
    assert.equal(run().status, 0)
    assert.deepEqual(calls(), [])
    assert.equal(run().stderr, '')
  })

  test('installs when nothing is, without scripts of others, and only once', t => {
    const { run, calls } = checkout(t, { installed: false })
    assert.equal(run().status, 0)
    assert.equal(calls().length, 1)
    assert.match(calls()[0], /^npm ci .*--ignore-scripts/)
    assert.equal(run().status, 0)
    assert.equal(calls().length, 1)
  })

  test('installs again when the lock file has changed', t => {
    const { folder, run, calls } = checkout(t, { installed: true })
    assert.equal(run().status, 0)
    writeLock(folder, '2.0.0')
    assert.equal(run().status, 0)
    assert.equal(calls().length, 1)
  })

  test('shows what npm said when it fails, and one line with a code', t => {
    const { run } = checkout(t, { installed: false, npm: 'echo npm is cross >&2; exit 1' })
    const { status, stderr } = run()
    assert.equal(status, 1)
    assert.match(stderr, /npm is cross/)
    refuses(stderr, 'bootstrap/npm-ci')
  })

  test('installs into no folder that is not its own', { skip: isRoot && 'root may write' }, t => {
    const { folder, run } = checkout(t, { installed: false })
    chmodSync(folder, 0o555)
    const { stderr } = run()
    chmodSync(folder, 0o755)
    refuses(stderr, 'bootstrap/read-only')
  })

  test('says so when the lock file has no Node for this machine', t => {
    const { run } = checkout(t, { installed: false, npm: 'mkdir -p node_modules' })
    refuses(run().stderr, 'bootstrap/no-runtime')
  })

  test('has npm judge packages by the Node that they will run on', t => {
    const { folder, run } = checkout(t, { installed: false })
    const name = `node_modules/node-linux-${process.arch}`
    const locked = JSON.stringify({ packages: { [name]: { version: '26.9.1' } } })
    writeFileSync(join(folder, 'package-lock.json'), locked)
    writeFileSync(join(folder, 'npm.js'), "require('fs').writeFileSync('seen', process.version)")
    run('start', { npm_execpath: join(folder, 'npm.js') })
    assert.equal(readFileSync(join(folder, 'seen'), 'utf8'), 'v26.9.1')
  })

  test('links Node 26 where npm has brought it and left it unlinked', t => {
    const npm = `mkdir -p node_modules/.bin ${runtimeFolder}; cp /bin/true ${runtimeFolder}/node`
    const { folder, run } = checkout(t, { installed: false, npm })
    assert.equal(run().status, 0)
    assert.ok(existsSync(join(folder, 'node_modules/.bin/node')))
  })

  test('cannot go on without what a start needs, and says the line that brings it', t => {
    const { run } = checkout(t, { installed: true, without: ['bwrap', 'apt-get'] })
    const { stderr } = run()
    refuses(stderr, isRoot ? 'bootstrap/apt' : 'bootstrap/missing-package')
    assert.match(stderr, /apt-get install .*bubblewrap/)
  })

  test('says what is missing of Debian before it installs anything', t => {
    const { folder, run, calls } = checkout(t, { installed: false, without: ['bwrap', 'apt-get'] })
    script(join(folder, 'bin/ldconfig'), 'exit 0')
    const { stderr } = run()
    refuses(stderr, isRoot ? 'bootstrap/apt' : 'bootstrap/missing-package')
    assert.match(stderr, /cannot go on without libatomic1 .* and bubblewrap /)
    assert.match(stderr, /apt-get update && .*apt-get install libatomic1 bubblewrap/)
    assert.deepEqual(calls(), [])
  })

  test('refuses a start where bwrap may open no sandbox, and says what bwrap says', t => {
    const { folder, run } = checkout(t, { installed: true })
    script(join(folder, 'bin/bwrap'), 'echo "bwrap: no namespaces for you" >&2; exit 1')
    const { stderr } = run()
    refuses(stderr, 'bootstrap/no-sandbox')
    assert.match(stderr, /bwrap: no namespaces for you/)
    assert.equal(run('test').status, 0)
  })

  test('refuses a Node 26 that a full disk has cut short, and installs anew once there is room', t => {
    const npm = `mkdir -p node_modules/.bin; cp /bin/$BRINGS node_modules/.bin/node`
    const { run, calls } = checkout(t, { installed: false, npm })
    refuses(run('start', { BRINGS: 'false' }).stderr, 'bootstrap/no-runtime')
    assert.equal(run('start', { BRINGS: 'true' }).status, 0)
    assert.equal(calls().length, 2)
  })

  test('cannot go on where Node 26 lacks a library, and says the line that brings it', t => {
    const { folder, run } = checkout(t, { installed: true, without: ['apt-get'] })
    script(join(folder, 'node_modules/.bin/node'), lacksLibrary)
    script(join(folder, 'bin/ldconfig'), 'exit 0')
    const { stderr } = run()
    refuses(stderr, isRoot ? 'bootstrap/apt' : 'bootstrap/missing-package')
    assert.match(stderr, /apt-get install .*libatomic1/)
  })

  test('goes on without what only some tests need, and says what will be skipped', t => {
    const { run } = checkout(t, { installed: true, without: ['chromium', 'apt-get'] })
    const { status, stderr } = run('test')
    assert.equal(status, 0)
    assert.match(stderr, /chromium is missing: .* will be skipped/)
    assert.match(stderr, /apt-get install .*chromium/)
  })

  test('installs as root what Debian has', { skip: !isRoot && 'needs root' }, t => {
    const aptGet = 'case "$*" in *install*) cp "$0" "$(dirname "$0")/bwrap" ;; esac'
    const { run, calls } = checkout(t, { installed: true, without: ['bwrap'], aptGet })
    assert.equal(run().status, 0)
    assert.ok(calls().some(call => /^apt-get install .*bubblewrap/.test(call)))
  })

  test('interrupted, ends only after what it runs has ended', async t => {
    const npm = `trap '' INT; echo $$ > began.new; mv began.new began; while :; do :; done`
    const { folder, start } = checkout(t, { installed: false, npm })
    const child = start()
    while (!existsSync(join(folder, 'began'))) await wait(20)
    child.kill('SIGINT')
    assert.deepEqual(await once(child, 'exit'), [130, null])
    const pid = Number(readFileSync(join(folder, 'began'), 'utf8'))
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  })

  test('refuses another word than start or test', t => {
    const { run } = checkout(t, { installed: true })
    refuses(run('stop').stderr, 'bootstrap/usage')
  })
})

function refuses(stderr, code) {
  assert.ok(codes.includes(code))
  const line = stderr.split('\n').find(one => one.includes(`[${code}]`))
  assert.match(line ?? stderr, /^steadfleet: cannot /)
}

/** A folder with a lock file and little else, and a PATH on which every command is a pretence. */
function checkout(t, { installed, npm = '', aptGet = '', without = [] }) {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-bootstrap-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const log = join(folder, 'calls')
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeLock(folder, '1.0.0')
  const runtime = 'mkdir -p node_modules/.bin; cp /bin/true node_modules/.bin/node'
  script(join(bin, 'npm'), `echo "npm $*" >> ${log}; ${npm || runtime}`)
  for (const name of everyCommand.filter(one => !without.includes(one))) {
    const does = name === 'apt-get' ? aptGet : ''
    script(join(bin, name), `echo "${name} $*" >> ${log}; ${does}`)
  }
  if (installed) {
    script(join(folder, 'node_modules/.bin/node'), 'exit 0')
    writeFileSync(join(folder, 'node_modules/.package-lock.json'), lockText('1.0.0'))
  }
  const bootstrap = resolve('tools/bootstrap.mjs')
  const env = { PATH: `${bin}:${shellFolder(folder)}` }
  return {
    folder,
    run: (purpose = 'start', more = {}) =>
      spawnSync(process.execPath, [bootstrap, purpose], {
        cwd: folder,
        env: { ...env, ...more },
        encoding: 'utf8',
      }),
    start: () => spawn(process.execPath, [bootstrap, 'start'], { cwd: folder, env }),
    /** What was called to change something: trying the sandbox is not. */
    calls: () => {
      const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
      return lines.filter(line => !line.startsWith('bwrap '))
    },
  }
}

/** The few programs that the pretences themselves are written with, and none of the others. */
function shellFolder(folder) {
  const bin = join(folder, 'shell')
  mkdirSync(bin)
  for (const name of ['mkdir', 'mv', 'touch', 'cp', 'dirname']) {
    script(join(bin, name), `exec /bin/${name} "$@"`)
  }
  return bin
}

function script(path, body) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o755)
}

function writeLock(folder, version) {
  writeFileSync(join(folder, 'package-lock.json'), lockText(version))
}

function lockText(version) {
  return JSON.stringify({ packages: { 'node_modules/x': { version, integrity: 'sha512-x' } } })
}
