import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parsePackageName } from '@steadfleet/domain'
import { Bench, isRoot, noSandbox } from './testing/bench.test.ts'

/** Each attempt is a call that a sandboxed app must not get through, and prints what it got. */
const attempts = String.raw`
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void say(const char *name, long result) {
  printf("%s %s\n", name, result >= 0 ? "done" : errno == EPERM ? "EPERM" : errno == ENOSYS ? "ENOSYS"
    : errno == EAFNOSUPPORT ? "EAFNOSUPPORT" : errno == ECONNREFUSED ? "ECONNREFUSED" : strerror(errno));
}

int main(int argc, char **argv) {
  char buffer[256] = {0};
  say("mount", mount("none", "/tmp", "tmpfs", 0, 0));
  say("umount", umount2("/proc", MNT_DETACH));
  say("unshare", unshare(CLONE_NEWUSER));
  say("clone", syscall(SYS_clone, CLONE_NEWUSER | 17, 0, 0, 0, 0));
  say("clone3", syscall(SYS_clone3, buffer, 64));
  say("setns", setns(0, 0));
  say("ptrace", ptrace(PTRACE_TRACEME, 0, 0, 0));
  say("process_vm_readv", syscall(SYS_process_vm_readv, 1, 0, 0, 0, 0, 0));
  say("bpf", syscall(SYS_bpf, BPF_MAP_CREATE, buffer, 32));
  say("perf_event_open", syscall(SYS_perf_event_open, buffer, 0, -1, -1, 0));
  say("userfaultfd", syscall(SYS_userfaultfd, 0));
  say("io_uring_setup", syscall(SYS_io_uring_setup, 1, buffer));
  say("keyctl", syscall(SYS_keyctl, 0, -3, 0, 0, 0));
  say("init_module", syscall(SYS_init_module, buffer, 0, ""));
  say("chroot", chroot("/tmp"));
  say("pivot_root", syscall(SYS_pivot_root, "/tmp", "/tmp"));
  say("reboot", syscall(SYS_reboot, 0, 0, 0, 0));
  say("settimeofday", syscall(SYS_settimeofday, 0, 0));
  say("syslog", syscall(SYS_syslog, 3, buffer, 10));
  say("tiocsti", ioctl(0, TIOCSTI, "x"));
  say("mknod", mknod("/data/disk", S_IFBLK | 0600, makedev(8, 0)));
  say("setuid", setuid(0));
  say("netlink", socket(AF_NETLINK, SOCK_RAW, 0));
  say("packet", socket(AF_PACKET, SOCK_RAW, 0));
  say("vsock", socket(40, SOCK_STREAM, 0));
  int s = socket(AF_INET, SOCK_STREAM, 0);
  say("inet", s);
  if (argc > 1 && s >= 0) {
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    say("connect", connect(s, (struct sockaddr *)&to, sizeof to));
  }
  return 0;
}
`

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

  test('does not see the agent’s keys, socket and other packages’ data', async () => {
    const secrets = ['identity/device.key', 'agent.sock', 'data/acme.other/secret', 'objects/x']
    for (const path of secrets) {
      mkdirSync(join(bench.stateDir, path, '..'), { recursive: true })
      writeFileSync(join(bench.stateDir, path), 'secret')
    }
    for (const path of secrets) {
      const said = await bench.say(`cat ${join(bench.stateDir, path)} 2>&1`)
      assert.match(said, /No such file/)
    }
    assert.doesNotMatch(await bench.say('ls -a / /data /run /tmp'), /identity|agent|objects|secret/)
  })

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

  test('has the device’s network where it is granted', async () => {
    const said = await bench.say('cat /proc/net/dev', { opened: [{ interface: 'network' }] })
    assert.equal(said, readNetwork(said))
  })

  describe('that tries', { skip: isCompiled() }, () => {
    before(() => compile(bench))
    const expected = {
      mount: 'EPERM',
      umount: 'EPERM',
      unshare: 'EPERM',
      clone: 'EPERM',
      clone3: 'ENOSYS',
      setns: 'EPERM',
      ptrace: 'EPERM',
      process_vm_readv: 'EPERM',
      bpf: 'EPERM',
      perf_event_open: 'EPERM',
      userfaultfd: 'EPERM',
      io_uring_setup: 'ENOSYS',
      keyctl: 'EPERM',
      init_module: 'EPERM',
      chroot: 'EPERM',
      pivot_root: 'EPERM',
      reboot: 'EPERM',
      settimeofday: 'EPERM',
      syslog: 'EPERM',
      tiocsti: 'EPERM',
      mknod: 'EPERM',
      netlink: 'EAFNOSUPPORT',
      packet: 'EAFNOSUPPORT',
      vsock: 'EAFNOSUPPORT',
    }
    test('what it may not is refused, call by call', async () => {
      const { setuid, inet, ...got } = parse(await bench.say('/bin/attempts'))
      assert.deepEqual(got, expected)
      assert.equal(inet, 'EAFNOSUPPORT')
      assert.notEqual(setuid, 'done')
    })
    test('to reach a service of the device gets there only with a network', async () => {
      const server = createServer(socket => socket.end()).listen(0, '127.0.0.1')
      await new Promise(resolve => server.once('listening', resolve))
      const address = server.address()
      const port = typeof address === 'object' ? address?.port : undefined
      const command = `/bin/attempts ${port}`
      const alone = parse(await bench.say(command))
      const connected = parse(await bench.say(command, { opened: [{ interface: 'network' }] }))
      server.close()
      assert.equal(alone.connect, undefined)
      assert.equal(connected.connect, 'done')
      assert.equal(connected.netlink, 'EAFNOSUPPORT')
    })
  })
})

/** The names of the device's own network devices, in the shape of what the app said. */
function readNetwork(said: string): string {
  const names = (text: string) => [...text.matchAll(/^\s*(\S+):/gm)].map(match => match[1]).join()
  const here = readFileSync('/proc/net/dev', 'utf8')
  return names(said) === names(here) ? said : here
}

function parse(said: string): Record<string, string> {
  return Object.fromEntries(said.split('\n').map(line => line.split(/ (.*)/).slice(0, 2)))
}

function isCompiled(): string | false {
  try {
    execFileSync('gcc', ['--version'], { stdio: 'pipe' })
    return false
  } catch {
    return 'needs gcc'
  }
}

function compile(bench: Bench): void {
  const source = join(bench.stateDir, 'attempts.c')
  const program = join(bench.stateDir, 'attempts')
  writeFileSync(source, attempts)
  execFileSync('gcc', ['-w', source, '-o', program])
  bench.addProgram(program)
}
