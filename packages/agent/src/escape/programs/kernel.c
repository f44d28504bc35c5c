/* Calls by which more of the kernel can be reached, or the whole device changed. Each is one that shows
 * whether it is permitted, and changes nothing. */
#include "attempt.h"
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <sys/personality.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

static char nothing[4096];

ATTEMPT(load_module) { return syscall(SYS_init_module, nothing, 64, ""); }
ATTEMPT(load_module_file) { return syscall(SYS_finit_module, 0, "", 0); }
ATTEMPT(unload_module) { return syscall(SYS_delete_module, "steadfleet-has-no-module", O_NONBLOCK); }
ATTEMPT(load_kernel) { return syscall(SYS_kexec_load, 0, 1000000, nothing, 0); }
ATTEMPT(reboot) { return syscall(SYS_reboot, 0, 0, 0, 0); }
ATTEMPT(bpf) {
  union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
  return syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map);
}
ATTEMPT(perf_events) {
  struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event, .config = PERF_COUNT_SW_CPU_CLOCK};
  return syscall(SYS_perf_event_open, &event, -1, 0, -1, 0);
}
ATTEMPT(user_faults) { return syscall(SYS_userfaultfd, O_CLOEXEC); }
ATTEMPT(io_uring) { return syscall(SYS_io_uring_setup, 1, nothing); }
ATTEMPT(old_aio) {
  unsigned long context = 0;
  return syscall(SYS_io_setup, 1, &context);
}
ATTEMPT(add_key) { return syscall(SYS_add_key, "user", "steadfleet-escape", "x", 1, -2 /* process keyring */); }
ATTEMPT(request_key) { return syscall(SYS_request_key, "user", "steadfleet-escape-none", 0, 0); }
ATTEMPT(read_keyring) { return syscall(SYS_keyctl, 0, -3, 0, 0, 0); }
ATTEMPT(set_clock) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return syscall(SYS_clock_settime, CLOCK_REALTIME, &now);
}
ATTEMPT(set_time_of_day) {
  struct timeval now;
  gettimeofday(&now, 0);
  return syscall(SYS_settimeofday, &now, 0);
}
ATTEMPT(slew_clock) {
  struct timex none = {.modes = ADJ_OFFSET_SINGLESHOT};
  return syscall(SYS_adjtimex, &none);
}
ATTEMPT(slew_clock_by_name) {
  struct timex none = {.modes = ADJ_OFFSET_SINGLESHOT};
  return syscall(SYS_clock_adjtime, CLOCK_REALTIME, &none);
}
ATTEMPT(kernel_messages) { return syscall(SYS_syslog, 3, nothing, 100); }
ATTEMPT(swap_on) { return syscall(SYS_swapon, "/nowhere/nothing", 0); }
ATTEMPT(swap_off) { return syscall(SYS_swapoff, "/nowhere/nothing"); }
ATTEMPT(quotas) { return syscall(SYS_quotactl, 0x80000500 /* Q_GETINFO */, "/nowhere/nothing", 0, nothing); }
ATTEMPT(watch_all_files) { return syscall(SYS_fanotify_init, 0, 0); }
ATTEMPT(accounting) { return syscall(SYS_acct, "/nowhere/nothing"); }
ATTEMPT(host_name) { return sethostname("steadfleet-stage", 16); }
ATTEMPT(domain_name) { return syscall(SYS_setdomainname, "steadfleet-stage", 16); }
ATTEMPT(hang_up) { return syscall(SYS_vhangup); }
ATTEMPT(no_randomness) { return personality(ADDR_NO_RANDOMIZE); }
#ifdef __x86_64__
ATTEMPT(ports) { return syscall(SYS_ioperm, 0x80, 1, 1); }
ATTEMPT(all_ports) { return syscall(SYS_iopl, 0); }
ATTEMPT(segments) { return syscall(SYS_modify_ldt, 0, nothing, sizeof nothing); }
ATTEMPT(call_of_i386) {
  long got;
  __asm__ volatile("int $0x80" : "=a"(got) : "a"(20 /* getpid */) : "memory", "r8", "r9", "r10", "r11");
  return got > 0 ? 0 : (errno = -got, -1);
}
ATTEMPT(call_of_x32) { return syscall(0x40000000 + SYS_getpid); }
#endif
