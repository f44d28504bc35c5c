import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { pathsOf } from '../disk/paths.ts'
import { thisProcess } from './this-process.ts'

/** Node has no datagram sockets of the local kind, and Debian is never without perl. */
const hear = `use Socket; socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die; bind($s, sockaddr_un($ARGV[0])) or die;
$| = 1; print "bound\\n"; while (defined recv($s, my $word, 4096, 0)) { print $word }`
const tools = ['/usr/bin/perl', '/usr/bin/systemd-notify']
const lacking = tools.filter(tool => !existsSync(tool))

test('whoever started the agent as a service hears that it is ready', {
  skip: lacking.length > 0 && `this machine lacks ${lacking.join(' and ')}`,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-notify-'))
  const socket = join(folder, 'notify')
  const listener = spawn('perl', ['-e', hear, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  const bound = once(listener.stdout, 'readable')
  const heard = bound.then(() => text(listener.stdout))
  try {
    await bound
    const warnings: string[] = []
    const warn = (message: string) => void warnings.push(message)
    const { tellReady } = await thisProcess(pathsOf(folder), { NOTIFY_SOCKET: socket }, warn)
    await tellReady()
    assert.deepEqual(warnings, [])
    listener.kill('SIGKILL')
    assert.match(await heard, /READY=1/)
  } finally {
    listener.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})
