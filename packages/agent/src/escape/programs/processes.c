/* Other processes, and more rights over one's own. */
#include "attempt.h"
#include <dirent.h>
#include <linux/capability.h>
#include <mqueue.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/uio.h>
#include <sys/wait.h>

ATTEMPT(trace) { return ptrace(PTRACE_SEIZE, target(), 0, 0); }
ATTEMPT(trace_me) {
  pid_t child = fork();
  if (child == 0) _exit(ptrace(PTRACE_TRACEME, 0, 0, 0) ? errno : 0);
  int status;
  waitpid(child, &status, 0);
  errno = WEXITSTATUS(status);
  return errno ? -1 : 0;
}
static char note[8] = "secret";
ATTEMPT(read_memory_of_another) {
  char text[8] = {0};
  struct iovec here = {text, 7}, there = {note, 7};
  pid_t child = fork();
  if (child == 0) for (;;) pause();
  if (process_vm_readv(child, &here, 1, &there, 1, 0) < 0) return -1;
  return says(text);
}
ATTEMPT(write_memory_of_another) {
  struct iovec here = {note, 7}, there = {note, 7};
  pid_t child = fork();
  if (child == 0) for (;;) pause();
  return process_vm_writev(child, &here, 1, &there, 1, 0);
}
ATTEMPT(take_descriptor) {
  pid_t child = target();
  int held = syscall(SYS_pidfd_open, child, 0);
  return held < 0 ? -1 : syscall(SYS_pidfd_getfd, held, 0, 0);
}
ATTEMPT(compare_kernel_objects) { return syscall(SYS_kcmp, getpid(), getppid(), 1, 0, 0); }
ATTEMPT(signal_to_host_process) { return kill(number("VICTIM"), 0); }
ATTEMPT(signal_to_first_process) { return kill(1, 0); }
ATTEMPT(handle_of_host_process) { return syscall(SYS_pidfd_open, number("VICTIM"), 0); }

/* Looks in every process that can be seen. */
static long finds(const char *file, const char *what) {
  DIR *all = opendir("/proc");
  struct dirent *entry;
  static char text[65536], path[512];
  while ((entry = readdir(all))) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || atoi(entry->d_name) == getpid()) continue;
    snprintf(path, sizeof path, "/proc/%s/%s", entry->d_name, file);
    int fd = open(path, O_RDONLY), length = fd < 0 ? 0 : read(fd, text, sizeof text);
    if (fd >= 0) close(fd);
    if (length > 0 && memmem(text, length, what, strlen(what))) return says("secret");
  }
  errno = ENOENT;
  return -1;
}
ATTEMPT(environment_of_others) { return finds("environ", "VICTIM_PASSWORD="); }
ATTEMPT(arguments_of_others) { return finds("cmdline", "victim-argument"); }
ATTEMPT(memory_of_another) { return opens(of_another("mem"), O_RDWR); }
ATTEMPT(maps_of_another) { return reads(of_another("maps")); }

ATTEMPT(shared_memory_of_host) {
  int id = shmget(number("SHM_KEY"), 0, 0);
  char *at = id < 0 ? (char *)-1 : shmat(id, 0, SHM_RDONLY);
  return at == (char *)-1 ? -1 : says(at);
}
ATTEMPT(message_queue_of_host) { return mq_open(place("QUEUE"), O_RDONLY); }

/* More rights. */
ATTEMPT(become_root) {
  if (setuid(0)) return -1;
  return reads(place("HOST_SECRET"));
}
ATTEMPT(become_root_group) {
  gid_t none[] = {0};
  return syscall(SYS_setgroups, 1, none);
}
ATTEMPT(gain_capabilities) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct sets[2] = {{1u << CAP_SYS_ADMIN, 1u << CAP_SYS_ADMIN, 0}, {0, 0, 0}};
  return syscall(SYS_capset, &header, sets);
}
/* A setuid copy of this program, made by whoever tries, run by a child that gave its rights away. */
ATTEMPT(setuid_program) {
  char command[8192];
  snprintf(command, sizeof command, "cat %s/run > %s/suid", place("PROGRAMS"), place("MINE"));
  if (system(command) || chmod(mine("suid"), 04755)) return -1;
  pid_t child = fork();
  if (child == 0) {
    if (getuid() == 0 && setuid(12345)) _exit(1);
    execl(mine("suid"), mine("suid"), "--as=is_root", (char *)0);
    _exit(2);
  }
  int status;
  waitpid(child, &status, 0);
  errno = EPERM;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}
ATTEMPT(is_root) {
  _exit(geteuid() == 0 ? 0 : 9);
}
ATTEMPT(nice_below_zero) { return setpriority(PRIO_PROCESS, 0, -5); }
ATTEMPT(real_time) {
  struct sched_param first = {1};
  return sched_setscheduler(0, SCHED_RR, &first);
}
ATTEMPT(real_time_disk) { return syscall(SYS_ioprio_set, 1, 0, 1 << 13); }
ATTEMPT(core_limit) {
  struct rlimit limit = {65536, 65536};
  return setrlimit(RLIMIT_CORE, &limit);
}

/* More than an app may hold open, with the limit raised as far as it goes. */
ATTEMPT(hold_files_open) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  for (int i = 0; i < 4500; i++)
    if (open("/dev/null", O_RDONLY) < 0) return -1;
  return 0;
}

/* Typing into a terminal that somebody else reads. */
static long types(unsigned long request) {
  int outer, inner;
  if (openpty(&outer, &inner, 0, 0, 0)) return -1;
  pid_t child = fork();
  if (child == 0) {
    setsid();
    ioctl(inner, TIOCSCTTY, 0);
    _exit(syscall(SYS_ioctl, inner, request, "x") ? errno : 0);
  }
  int status;
  waitpid(child, &status, 0);
  errno = WEXITSTATUS(status);
  return errno ? -1 : 0;
}
ATTEMPT(type_into_terminal) { return types(TIOCSTI); }
ATTEMPT(type_with_high_bits) { return types(TIOCSTI | 1ul << 32); }
ATTEMPT(paste_into_console) {
  char shift_state = 6;
  int console = open("/dev/tty1", O_RDWR | O_NOCTTY);
  return ioctl(console < 0 ? 0 : console, TIOCLINUX, &shift_state);
}

/* A program that lies nowhere runs, and may no more than the one that made it. */
ATTEMPT(mount_by_memory_file) {
  char path[4096], text[65536];
  snprintf(path, sizeof path, "%s/run", place("PROGRAMS"));
  int in = open(path, O_RDONLY), out = memfd_create("x", 0);
  for (int got; (got = read(in, text, sizeof text)) > 0;) if (write(out, text, got) != got) return -1;
  char *const argv[] = {path, "--as=mount_tmpfs", 0};
  extern char **environ;
  return syscall(SYS_execveat, out, "", argv, environ, AT_EMPTY_PATH);
}
