import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { findFloor, leaveFloor } from '../packages/agent/src/apps/floor.ts'
import { type Floor, prepareSandbox } from '../packages/agent/src/apps/sandboxes.ts'
import { Bench, noSandbox } from '../packages/agent/src/apps/testing/bench.test.ts'

/** A suite of Debian whose setpriv knows Landlock (util-linux 2.40 or newer), and what of it that needs. */
const suite = 'trixie'
const packages = ['libc6', 'libcap-ng0', 'util-linux']

/** Makes what anybody may make, then a device node that needs no right: a whiteout, number 0:0. overlayfs.rst */
const script = `
cd /data && mkdir -p here there && echo x >here/file && mv here/file there/file && echo moved
mkfifo pipe && echo piped
mknod white c 0 0 2>&1 && echo made`

const ignore = () => undefined

if (process.env.STEADFLEET_SETPRIV === undefined) {
  const skip = noSandbox || (process.getuid?.() !== 0 && 'needs root')
  describe('device nodes in a sandbox without its system call filter', { skip }, () => {
    tryWithout('by the setpriv that is here')
    test(`are made by nobody where setpriv is that of ${suite}`, async t => {
      const folder = realpathSync(mkdtempSync(join(tmpdir(), 'steadfleet-landlock-')))
      t.after(() => rmSync(folder, { recursive: true }))
      const root = fetchPackages(folder)
      if (root === undefined) return t.skip(`apt has nothing of ${suite}`)
      const { code, said } = await runOver(root, folder)
      assert.equal(code, 0, said)
      return undefined
    })
  })
} else {
  describe('an app behind Landlock', () => {
    tryWithout('by the newer setpriv', true)
    test('runs as any other with its filter, and the device says so', async () => {
      await using bench = await Bench.open({ require: ['landlock'] })
      assert.match(await bench.say('id -u; cat /proc/self/status'), /^\d+\n[\s\S]*NoNewPrivs:\s+1/)
      const { 'confinement.landlock': says } = bench.apps.describeConfinement()
      assert.equal(says, 'a second wall against device nodes')
    })
  })
}

const keys = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** One sandbox as the agent makes it, but for its filter, which lets all through. */
function tryWithout(how: string, isExpected?: boolean): void {
  describe(how, () => {
    let bench: Bench
    let floor: Floor
    before(async () => {
      bench = await Bench.open()
      for (const name of ['mkdir', 'mv', 'mkfifo', 'mknod']) bench.addProgram(name)
      const stateDir = join(bench.stateDir, 'floor')
      mkdirSync(join(stateDir, 'apps'), { recursive: true })
      const tools = { withCgroups: false, warn: ignore, power: ignore }
      floor = await findFloor({ stateDir, isRoot: true, ...tools })
    })
    after(async () => {
      leaveFloor(floor)
      await bench[Symbol.asyncDispose]()
    })

    test('are made unless Landlock is there, and all else works as before', async t => {
      const hasLandlock = 'options' in floor.landlock
      if (isExpected !== undefined) assert.equal(hasLandlock, isExpected)
      if (!hasLandlock) t.diagnostic(`without Landlock: ${JSON.stringify(floor.landlock)}`)
      const folder = join(bench.stateDir, 'run')
      const command = ['bin/sh', '-c', script]
      const [program = '', ...words] = await prepareSandbox(floor, bench.shell('try', ''), {
        folder,
        command,
      })
      const filter = join(folder, 'open')
      writeFileSync(filter, letsAllThrough)
      const { stdout, stderr } = spawnSync(program, words, {
        stdio: ['ignore', 'pipe', 'pipe', openSync(filter, 'r')],
        encoding: 'utf8',
      })
      const last = hasLandlock ? 'mknod: white: Permission denied' : 'made'
      assert.deepEqual(stdout.trim().split('\n'), ['moved', 'piped', last], stderr)
    })
  })
}

/** One instruction: return SECCOMP_RET_ALLOW. linux/seccomp.h */
const letsAllThrough = Buffer.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f])

/** The packages unpacked into a folder, from the mirror that apt is set to; nothing is installed. */
function fetchPackages(folder: string): string | undefined {
  const at = (name: string) => join(folder, name)
  for (const name of ['lists/partial', 'cache/archives/partial', 'debs', 'root']) {
    mkdirSync(at(name), { recursive: true })
  }
  const run = (words: string[]) =>
    execFileSync('apt-get', words, { cwd: at('debs'), stdio: 'pipe' })
  try {
    const format = '$(REPO_URI)'
    const known = execFileSync('apt-get', ['indextargets', '--format', format], {
      encoding: 'utf8',
    })
    const [uri = ''] = known.split('\n')
    writeFileSync(at('sources.list'), `deb [signed-by=${keys}] ${uri} ${suite} main\n`)
    const places = {
      'Dir::Etc::sourcelist': at('sources.list'),
      'Dir::Etc::sourceparts': '/dev/null',
      'Dir::State::lists': at('lists'),
      'Dir::Cache': at('cache'),
    }
    const options = Object.entries(places).flatMap(([name, value]) => ['-o', `${name}=${value}`])
    run([...options, '-q', 'update'])
    run([...options, '-q', 'download', ...packages])
    for (const deb of readdirSync(at('debs'))) {
      execFileSync('dpkg', ['-x', deb, at('root')], { cwd: at('debs'), stdio: 'pipe' })
    }
    return at('root')
  } catch {
    return undefined
  }
}

/**
 * Runs this file again in a mount namespace in which setpriv and the C library are those of `root`. One mount(8)
 * makes all of the mounts: between two of them no program would find a loader and a library that fit.
 */
async function runOver(root: string, folder: string): Promise<{ code: number; said: string }> {
  const table = join(folder, 'fstab')
  const pairs = ['usr/bin/setpriv', ...librariesIn(root)].flatMap(name => {
    const over = existsSync(`/${name}`) ? realpathSync(`/${name}`) : undefined
    return over === undefined ? [] : [`${realpathSync(join(root, name))} ${over} none bind 0 0\n`]
  })
  writeFileSync(table, [...new Set(pairs)].join(''))
  const run = [process.execPath, '--test', '--test-reporter=spec', import.meta.filename]
  const words = ['--mount', '--propagation', 'slave', 'sh', '-c', 'mount -a -T "$0" && exec "$@"']
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const child = spawn('unshare', [...words, table, ...run], {
    env: { ...env, STEADFLEET_SETPRIV: root },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const pieces: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => pieces.push(piece))
  }
  const [code] = await once(child, 'close')
  return { code, said: pieces.join('') }
}

function librariesIn(root: string): string[] {
  const folders = readdirSync(join(root, 'usr/lib')).map(name => join('usr/lib', name))
  return folders
    .filter(name => /linux-gnu$/.test(name))
    .flatMap(name => readdirSync(join(root, name)).map(file => join(name, file)))
    .filter(name => /\.so(\.\d+)*$/.test(name))
}
