import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** snapd's daemon from Debian's package, in folders of its own; or why there is none. */
export interface Snapd extends AsyncDisposable {
  readonly pid?: number
  readonly version?: string
  readonly why?: string
}

export async function startSnapd(): Promise<Snapd> {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-snapd-'))
  const clean = async () => rmSync(folder, { recursive: true })
  try {
    if (process.getuid?.() !== 0) throw new Error('it runs as root alone')
    execFileSync('apt-get', ['download', 'snapd'], { cwd: folder, stdio: 'pipe' })
    const archive = readdirSync(folder).find(name => name.endsWith('.deb')) ?? ''
    execFileSync('dpkg', ['-x', archive, 'root'], { cwd: folder })
    const daemon = run(folder)
    const pid = await pidOf(daemon, join(folder, 'root/usr/lib/snapd/snapd'))
    return {
      pid,
      version: archive.split('_')[1] ?? '',
      async [Symbol.asyncDispose]() {
        const ended = new Promise(done => daemon.once('close', done))
        if (daemon.kill('SIGKILL')) await ended
        await clean()
      },
    }
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    return { why, [Symbol.asyncDispose]: clean }
  }
}

/** In a mount namespace in which what it writes to is its own and empty. */
function run(folder: string): ChildProcess {
  const script = [
    'mkdir -p /var/lib/snapd /snap',
    'mount -t tmpfs own /var/lib/snapd && mount -t tmpfs own /run && mount -t tmpfs own /snap',
    `exec ${folder}/root/usr/lib/snapd/snapd`,
  ].join('; ')
  return spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], {
    // Without a snap it would end after five seconds, until somebody asks for it.
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SNAPPY_TESTING: '1', SNAPD_STANDBY_WAIT: '1h' },
    stdio: 'ignore',
  })
}

/** `unshare` and `sh` become the daemon, so that it has their number; if it lives. */
async function pidOf(daemon: ChildProcess, program: string): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    await wait(100)
    if (daemon.exitCode !== null) break
    const command = readFileSync(`/proc/${daemon.pid}/cmdline`, 'utf8')
    if (command.startsWith(program) && tries > 20 && daemon.pid) return daemon.pid
  }
  throw new Error(`its daemon ends at once, with ${daemon.exitCode}`)
}
