import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { InterfaceRequest } from '@steadfleet/domain'
import { verdictOn } from './bpf-machine.ts'
import { syscalls } from './generated/syscalls.ts'
import { toSeccompFilter } from './seccomp.ts'

const audit = { amd64: 0xc000003e, arm64: 0xc00000b7 } as const
const allow = 0x7fff0000
const kill = 0x80000000
const [EPERM, ENOSYS, EPROTONOSUPPORT, EAFNOSUPPORT] = [0x50001, 0x50026, 0x5005d, 0x50061]
const words = new Map([
  [allow, 'allowed'],
  [kill, 'deadly'],
  [EPERM, 'refused'],
  [ENOSYS, 'absent'],
  [EPROTONOSUPPORT, 'an unsupported protocol'],
  [EAFNOSUPPORT, 'an unsupported family'],
])

type Row = [call: string, args: (number | bigint)[], verdict: number]

const everywhere: Row[] = [
  ['read', [0], allow],
  ['openat', [], allow],
  ['execve', [], allow],
  ['futex', [], allow],
  ['seccomp', [], allow],
  ['setresuid', [], allow],
  ['mount', [], EPERM],
  ['umount2', [], EPERM],
  ['pivot_root', [], EPERM],
  ['chroot', [], EPERM],
  ['fsopen', [], EPERM],
  ['open_tree', [], EPERM],
  ['move_mount', [], EPERM],
  ['mount_setattr', [], EPERM],
  ['unshare', [], EPERM],
  ['setns', [], EPERM],
  ['ptrace', [], EPERM],
  ['process_vm_readv', [], EPERM],
  ['process_vm_writev', [], EPERM],
  ['process_madvise', [], EPERM],
  ['pidfd_getfd', [], EPERM],
  ['kcmp', [], EPERM],
  ['bpf', [], EPERM],
  ['perf_event_open', [], EPERM],
  ['userfaultfd', [], EPERM],
  ['io_uring_setup', [], ENOSYS],
  ['io_uring_enter', [], ENOSYS],
  ['io_uring_register', [], ENOSYS],
  ['keyctl', [], EPERM],
  ['add_key', [], EPERM],
  ['request_key', [], EPERM],
  ['kexec_load', [], EPERM],
  ['kexec_file_load', [], EPERM],
  ['init_module', [], EPERM],
  ['finit_module', [], EPERM],
  ['delete_module', [], EPERM],
  ['reboot', [], EPERM],
  ['swapon', [], EPERM],
  ['swapoff', [], EPERM],
  ['clock_settime', [], EPERM],
  ['settimeofday', [], EPERM],
  ['adjtimex', [], EPERM],
  ['clock_adjtime', [], EPERM],
  ['syslog', [], EPERM],
  ['acct', [], EPERM],
  ['quotactl', [], EPERM],
  ['fanotify_init', [], EPERM],
  ['open_by_handle_at', [], EPERM],
  ['sethostname', [], EPERM],
  ['vhangup', [], EPERM],
  ['clone3', [], ENOSYS],
  ['clone', [0x11], allow],
  ['clone', [0x3d0f00], allow],
  ['clone', [0x10000000 | 0x11], EPERM],
  ['clone', [0x00020000], EPERM],
  ['clone', [0x40000000], EPERM],
  ['clone', [0x7c020000 | 0x11], EPERM],
  ['clone', [0x80], EPERM],
  ['personality', [0], allow],
  ['personality', [0xffffffff], allow],
  ['personality', [0x0040000], EPERM],
  ['personality', [0x1_0000_0000n], EPERM],
  ['ioctl', [0, 0x5401], allow],
  ['ioctl', [0, 0x5412], EPERM],
  ['ioctl', [0, 0x1_0000_5412n], EPERM],
  ['ioctl', [0, 0x541c], EPERM],
  ['mknodat', [0, 0, 0o010644], allow],
  ['mknodat', [0, 0, 0o020644], EPERM],
  ['mknodat', [0, 0, 0o060644], EPERM],
  ['socketpair', [1], allow],
  ['socketpair', [2], EAFNOSUPPORT],
]

const sockets: [args: number[], alone: number, withNetwork: number][] = [
  [[1, 1, 0], allow, allow],
  [[1, 0x80805, 0], allow, allow],
  [[2, 1, 6], EAFNOSUPPORT, allow],
  [[10, 0x80802, 17], EAFNOSUPPORT, allow],
  [[2, 3, 1], EAFNOSUPPORT, EPERM],
  [[2, 1, 132], EAFNOSUPPORT, EPROTONOSUPPORT],
  [[2, 1, 262], EAFNOSUPPORT, EPROTONOSUPPORT],
  [[16, 3, 0], EAFNOSUPPORT, EAFNOSUPPORT],
  [[17, 3, 0], EAFNOSUPPORT, EAFNOSUPPORT],
  [[40, 1, 0], EAFNOSUPPORT, EAFNOSUPPORT],
  [[38, 5, 0], EAFNOSUPPORT, EAFNOSUPPORT],
]

/** Calls that one interface opens. CAN_RAW, RFCOMM, NETLINK_NETFILTER; MAP_HUGETLB, MFD_HUGETLB, SHM_HUGETLB. */
const opening: [name: string, call: string, args: (number | bigint)[]][] = [
  ['can-bus', 'socket', [29, 3, 1]],
  ['bluetooth', 'socket', [31, 1, 3]],
  ['firewall-control', 'socket', [16, 3, 12]],
  ['network-control', 'socket', [16, 3, 0]],
  ['hugepages', 'mmap', [0, 0x200000, 3, 0x40022, -1n]],
  ['hugepages', 'memfd_create', [0, 0x4]],
  ['hugepages', 'shmget', [0, 0x200000, 0o4600]],
  ['time-read', 'clock_adjtime', [0, 0]],
  ['time-control', 'clock_settime', [0, 0]],
]

for (const architecture of ['amd64', 'arm64'] as const) {
  const numbers: Readonly<Record<string, number>> = syscalls[architecture]
  const judge = (names: string[], call: string, args: readonly (number | bigint)[]) => {
    const number = numbers[call]
    assert.ok(number !== undefined, `${call} has a number`)
    return verdictOn(toSeccompFilter(architecture, requests(...names)), {
      architecture: audit[architecture],
      number,
      args: args.map(BigInt),
    })
  }

  describe(`the filter for ${architecture}`, () => {
    for (const [call, args, verdict] of everywhere) {
      const shown = args.map(arg => `0x${arg.toString(16)}`).join(', ')
      test(`finds ${call}(${shown}) ${words.get(verdict)}`, () => {
        assert.equal(judge([], call, args), verdict)
      })
    }
    for (const [args, alone, withNetwork] of sockets) {
      test(`finds socket(${args}) ${words.get(alone)}, with network ${words.get(withNetwork)}`, () => {
        assert.equal(judge([], 'socket', args), alone)
        assert.equal(judge(['network'], 'socket', args), withNetwork)
        assert.equal(judge(['network-listen'], 'socket', args), withNetwork)
      })
    }
    for (const [name, call, args] of opening) {
      test(`finds ${call}(${args}) allowed by ${name}, and not without`, () => {
        assert.equal(judge([name], call, args), allow)
        assert.notEqual(judge([], call, args), allow)
      })
    }
    test('finds a call that it does not know yet absent', () => {
      for (const number of [470, 1000, 0x3fffffff]) {
        const call = { architecture: audit[architecture], number, args: [] }
        assert.equal(verdictOn(toSeccompFilter(architecture, []), call), ENOSYS)
      }
    })
    test('finds every call of another architecture deadly', () => {
      for (const foreign of [0x40000003, 0xc000003e, 0xc00000b7, 0x40000028, 0]) {
        const call = { architecture: foreign, number: 0, args: [] }
        const verdict = verdictOn(toSeccompFilter(architecture, []), call)
        if (foreign !== audit[architecture]) assert.equal(verdict, kill)
      }
    })
    test('is the same whatever the order of the interfaces', () => {
      const some = toSeccompFilter(architecture, requests('network', 'network-listen'))
      assert.deepEqual(toSeccompFilter(architecture, requests('network-listen', 'network')), some)
    })
    test('refuses an interface that there is not', () => {
      const code = 'confine/unknown-interface'
      assert.throws(() => toSeccompFilter(architecture, requests('toString')), { code })
    })
  })
}

test('the filter for amd64 finds every x32 call deadly', () => {
  const filter = toSeccompFilter('amd64', requests('network'))
  for (const number of [0x40000000, 0x40000001, 0x40000208, 0xffffffff]) {
    assert.equal(verdictOn(filter, { architecture: audit.amd64, number, args: [] }), kill)
  }
})

function requests(...names: string[]): InterfaceRequest[] {
  return names.map(name => ({ interface: name }))
}
