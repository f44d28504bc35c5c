import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { findProgram } from '../host-programs.ts'
import { Bench, isRoot, noSandbox, until } from '../testing/bench.test.ts'
import { blockOf, heldBlocks, leaseTable } from '../uid-lease.ts'
import { findBusTools } from './bus-proxy.ts'
import { userRecords } from './user-records.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'steadfleet-bus-')))
// The proxy runs as the app: it must get at itself and at the bus.
chmodSync(folder, 0o755)
const socket = join(folder, 'socket')
const children: ChildProcess[] = []
after(async () => {
  // One that has ended by itself, since the bus ended, ends no second time.
  const running = children.filter(child => child.exitCode === null && child.signalCode === null)
  await Promise.all(
    running.map(child => {
      const ended = once(child, 'exit')
      child.kill()
      return ended
    }),
  )
  rmSync(folder, { recursive: true, force: true })
})

const lacking = ['dbus-daemon', 'dbus-send'].find(name => findProgram(name) === undefined)
const proxy = isRoot ? (findProgram('xdg-dbus-proxy') ?? unpackedProxy()) : undefined
const skip =
  noSandbox ||
  (!isRoot && 'needs root') ||
  (lacking !== undefined && `needs ${lacking}`) ||
  (proxy === undefined && 'needs xdg-dbus-proxy')

const talk = { interface: 'dbus', talks: ['org.example.Lamp'] }
const ask = (to: string, method: string) =>
  `dbus-send --bus="$DBUS_SYSTEM_BUS_ADDRESS" --print-reply --dest=${to} / ${method} 2>&1`
const ping = (name: string) => ask(name, 'org.freedesktop.DBus.Peer.Ping')
const names = ask('org.freedesktop.DBus', 'org.freedesktop.DBus.ListNames')

/**
 * Who a caller is, as on every device: by its uid, which must have a name. Where this machine reads no records of
 * users, the bus asks nobody who he is.
 */
const isByName = readsRecords()
const auth = isByName ? '<auth>EXTERNAL</auth>' : '<auth>ANONYMOUS</auth><allow_anonymous/>'
/** Root's uid, in hexadecimal of its letters. D-Bus specification, "EXTERNAL" */
const mechanism = isByName ? 'EXTERNAL 30' : 'ANONYMOUS'

describe('the system bus', { skip }, () => {
  let bench: Bench
  before(async () => {
    await startBus()
    bench = await Bench.open({ bus: { ...findBusTools(), proxy, socket } })
    bench.addProgram('dbus-send')
  })
  after(async () => {
    await bench[Symbol.asyncDispose]()
    if (isByName) assert.deepEqual(recordsLeft(), [])
  })

  test('shows the names that are granted, passes calls to them on, and no other', async () => {
    const said = () =>
      bench.say([names, ping('org.example.Lamp'), ping('org.example.Door')].join('; '), {
        opened: [talk],
      })
    const text = await until(async () => {
      const now = await said()
      return now.includes('"org.example.Lamp"') && now
    })
    assert.doesNotMatch(text, /"org\.example\.Door"/)
    assert.equal(text.match(/^method return/gm)?.length, 2, text)
    assert.match(text, /Error org\.freedesktop\.DBus\.Error\.(ServiceUnknown|AccessDenied)/)
  })

  test('knows an app by a name that its uid has as long as its agent is there', {
    skip: !isByName && 'this machine reads no records of users',
  }, async () => {
    const idOf = 'org.freedesktop.DBus.GetConnectionUnixUser string:org.example.Lamp'
    const said = await bench.say(`id -u; ${ask('org.freedesktop.DBus', idOf)}`, { opened: [talk] })
    const [uid = ''] = said.split('\n')
    assert.match(said, /uint32 0/)
    const { stdout } = spawnSync('getent', ['passwd', uid], { encoding: 'utf8' })
    assert.equal(stdout.split(':')[0], `steadfleet-${uid}`)
  })

  test('is not there without a grant', async () => {
    assert.match(await bench.say('ls /run/steadfleet/bus 2>&1'), /No such file/)
  })

  test('is gone once it is revoked, and no proxy outlives its app', async () => {
    const spec = bench.shell('main', `${ping('org.example.Lamp')}; echo asked; exec sleep 600`)
    const returns = () => bench.lines.filter(({ text }) => text.startsWith('method return')).length
    const asked = () => bench.lines.filter(({ text }) => text === 'asked').length
    await bench.apps.start({ ...spec, opened: [talk] })
    await until(() => asked() === 1)
    assert.equal(returns(), 1)
    assert.equal(proxies().length, 1)
    await bench.apps.start(spec)
    await until(() => asked() === 2)
    assert.equal(returns(), 1)
    await until(() => proxies().length === 0)
    await bench.apps.stop(spec.package)
  })

  test('is refused in words where there is no proxy', async () => {
    await using bare = await Bench.open({ bus: { ...findBusTools(), proxy: undefined } })
    await assert.rejects(bare.say('true', { opened: [talk] }), {
      code: 'apps/no-sandbox',
      message: /lacks xdg-dbus-proxy/,
    })
  })
})

/** Of uids that nobody leases any more. */
function recordsLeft(): string[] {
  const held = heldBlocks(leaseTable)
  const uids = readdirSync(userRecords).flatMap(
    name => /^steadfleet-(\d+)\.user$/.exec(name)?.[1] ?? [],
  )
  return uids.filter(uid => !held.has(blockOf(Number(uid))))
}

function proxies(): string[] {
  return readdirSync('/proc').filter(pid => {
    const path = `/proc/${pid}/cmdline`
    if (!/^\d+$/.test(pid) || !existsSync(path)) return false
    const words = readFileSync(path, 'utf8').split('\0')
    return words.includes(`unix:path=${socket}`) && words[0] === proxy
  })
}

function readsRecords(): boolean {
  const file = '/etc/nsswitch.conf'
  const isAsked = existsSync(file) && /^passwd:.*\bsystemd\b/m.test(readFileSync(file, 'utf8'))
  const folders = ['/lib', '/usr/lib'].flatMap(at => readdirSync(at).map(name => join(at, name)))
  return isAsked && folders.some(at => existsSync(join(at, 'libnss_systemd.so.2')))
}

/** A bus of the test's own, with two names on it that answer. */
async function startBus(): Promise<void> {
  const configuration = join(folder, 'bus.conf')
  writeFileSync(
    configuration,
    `<busconfig><listen>unix:path=${socket}</listen>${auth}<policy context="default">
<allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
</policy></busconfig>`,
  )
  children.push(spawn('dbus-daemon', [`--config-file=${configuration}`, '--nofork']))
  await until(() => existsSync(socket))
  const holder = join(import.meta.dirname, '../testing/bus-name.mjs')
  for (const name of ['org.example.Lamp', 'org.example.Door']) {
    children.push(spawn(process.execPath, [holder, socket, name, mechanism]))
  }
}

/** Debian's package, unpacked here and not installed. */
function unpackedProxy(): string | undefined {
  const options = { cwd: folder, stdio: 'pipe', timeout: 60_000 } as const
  try {
    execFileSync('apt-get', ['download', 'xdg-dbus-proxy'], options)
    const file = readdirSync(folder).find(name => name.endsWith('.deb')) ?? ''
    execFileSync('dpkg', ['-x', file, 'unpacked'], options)
    const program = join(folder, 'unpacked/usr/bin/xdg-dbus-proxy')
    execFileSync(program, ['--version'], options)
    return program
  } catch {
    return undefined
  }
}
