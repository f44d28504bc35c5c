import type { AddressFamily, SocketType } from './interfaces/effect.ts'

/** One look at an argument: `argument & mask` is (or is not) one of `values`; else `errno` is given. */
export interface Condition {
  readonly argument: number
  readonly mask: number
  readonly values: readonly number[]
  /** The call is refused on a match where it would else be refused without one. */
  readonly refuses?: boolean
  /** The kernel reads all 64 bits of this argument, so the upper half must be zero. */
  readonly wide?: boolean
  readonly errno: number
}

/** What is asked of a call before it is allowed: each condition in turn. */
export type Conditions = readonly Condition[]

export const errno = {
  EPERM: 1,
  EINVAL: 22,
  ENOSYS: 38,
  EPROTONOSUPPORT: 93,
  EAFNOSUPPORT: 97,
} as const

const EPERM = errno.EPERM
const all = 0xffffffff

/** CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET of linux/sched.h. */
const newNamespaces = 0x00000080 | 0x00020000 | 0x02000000 | 0x04000000
const moreNamespaces = 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000

const families: Readonly<Record<AddressFamily, number>> = {
  inet: 2,
  inet6: 10,
  netlink: 16,
  can: 29,
  bluetooth: 31,
}
const socketTypes: Readonly<Record<SocketType, number>> = { raw: 3 }
const AF_UNIX = 1

const files = `
  access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2
  fadvise64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr
  flistxattr flock fremovexattr fsetxattr fstat fstatfs fsync ftruncate futimesat getcwd getdents
  getdents64 getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch lchown
  lgetxattr link linkat listxattr listxattrat llistxattr lremovexattr lseek lsetxattr lstat mkdir
  mkdirat newfstatat open openat openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read
  readahead readlink readlinkat readv removexattr removexattrat rename renameat renameat2 rmdir
  sendfile setxattr setxattrat splice stat statfs statx symlink symlinkat sync sync_file_range syncfs
  tee truncate umask unlink unlinkat utime utimensat utimes vmsplice write writev`

const memory = `
  brk get_mempolicy madvise mbind memfd_secret membarrier mincore mlock mlock2 mlockall mprotect
  mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages
  set_mempolicy map_shadow_stack cachestat`

const processes = `
  arch_prctl capget capset execve execveat exit exit_group fork getcpu getegid geteuid getgid
  getgroups getpgid getpgrp getpid getppid getpriority getresgid getresuid getrlimit getrusage getsid
  gettid getuid kill pidfd_open pidfd_send_signal pipe pipe2 prctl prlimit64 restart_syscall rseq
  sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam
  sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam
  sched_setscheduler sched_yield seccomp set_robust_list get_robust_list set_tid_address setfsgid
  setfsuid setgid setgroups setpgid setpriority setregid setresgid setresuid setreuid setrlimit
  setsid setuid sysinfo tgkill time times tkill uname vfork wait4 waitid landlock_add_rule
  landlock_create_ruleset landlock_restrict_self ioprio_get ioprio_set set_thread_area get_thread_area
  lsm_get_self_attr lsm_list_modules`

const waiting = `
  alarm clock_getres clock_gettime clock_nanosleep epoll_create epoll_create1 epoll_ctl epoll_ctl_old
  epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 futex futex_requeue futex_wait
  futex_waitv futex_wake getitimer getrandom gettimeofday nanosleep pause poll ppoll pselect6 rt_sigaction rt_sigpending
  rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo select
  setitimer sigaltstack signalfd signalfd4 timer_create timer_delete timer_getoverrun timer_gettime
  timer_settime timerfd_create timerfd_gettime timerfd_settime`

const exchange = `
  accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg
  sendmmsg sendmsg sendto setsockopt shutdown mq_getsetattr mq_notify mq_open mq_timedreceive
  mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl
  shmdt`

/** Calls that are allowed whatever their arguments. What stands in no list is refused. */
export const allowedCalls: readonly string[] = [files, memory, processes, waiting, exchange]
  .flatMap(group => group.trim().split(/\s+/))
  .sort()

/** Calls that do not exist as far as an app can tell, so that libraries take their older way. */
export const absentCalls: readonly string[] = [
  'clone3',
  // Requests under way are counted for the whole device (fs.aio-max-nr): one app could take them all.
  'io_cancel',
  'io_destroy',
  'io_getevents',
  'io_pgetevents',
  'io_setup',
  'io_submit',
  'io_uring_enter',
  'io_uring_register',
  'io_uring_setup',
]

/** S_IFREG (also as 0), S_IFIFO, S_IFSOCK: files that name no device. */
const plainKinds = { mask: 0o170000, values: [0, 0o100000, 0o010000, 0o140000], errno: EPERM }

/** What interfaces open beyond what every app may, each list in order and nothing twice. */
export interface FilterParts {
  readonly families: readonly AddressFamily[]
  readonly socketTypes: readonly SocketType[]
  readonly protocols: readonly number[]
  readonly syscalls: readonly string[]
  readonly hugePages: boolean
}

/** Asks that a flag is not set, where that is asked. */
const without = (argument: number, flag: number, isAsked: boolean): Conditions =>
  isAsked ? [{ argument, mask: flag, values: [0], errno: EPERM }] : []

/** Calls that are allowed for some arguments, given what is opened. */
export function conditionalCalls(parts: FilterParts): Readonly<Record<string, Conditions>> {
  const domains = [AF_UNIX, ...parts.families.map(family => families[family])]
  const types = parts.socketTypes.map(type => socketTypes[type])
  return {
    clone: [{ argument: 0, mask: newNamespaces | moreNamespaces, values: [0], errno: EPERM }],
    // TIOCSTI and TIOCLINUX type into a terminal. The kernel reads 32 bits of the request:
    // comparing 64 would let it pass with rubbish above (CVE-2019-10063).
    ioctl: [{ argument: 1, mask: all, values: [0x5412, 0x541c], refuses: true, errno: EPERM }],
    // MAP_HUGETLB, MFD_HUGETLB, SHM_HUGETLB of linux/mman.h, linux/memfd.h and linux/shm.h.
    mmap: without(3, 0x40000, !parts.hugePages),
    memfd_create: without(1, 0x4, !parts.hugePages),
    shmget: without(2, 0o4000, !parts.hugePages),
    mknod: [{ argument: 1, ...plainKinds }],
    mknodat: [{ argument: 2, ...plainKinds }],
    personality: [{ argument: 0, mask: all, values: [0, all], wide: true, errno: EPERM }],
    socket: [
      { argument: 0, mask: all, values: domains, errno: errno.EAFNOSUPPORT },
      // SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, without SOCK_CLOEXEC and SOCK_NONBLOCK.
      { argument: 1, mask: 0xf, values: [1, 2, 5, ...types], errno: EPERM },
      // Any of 0, PF_UNIX or ICMP, TCP, UDP, ICMPv6: no SCTP, no MPTCP.
      {
        argument: 2,
        mask: all,
        values: [...new Set([0, 1, 6, 17, 58, ...parts.protocols])],
        errno: errno.EPROTONOSUPPORT,
      },
    ],
    socketpair: [{ argument: 0, mask: all, values: [AF_UNIX], errno: errno.EAFNOSUPPORT }],
  }
}
