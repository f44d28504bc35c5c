/* Mounts, namespaces and roots. */
#include "attempt.h"
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/wait.h>

static const char *folder(const char *name) {
  mkdir(mine(name), 0700);
  return mine(name);
}

ATTEMPT(mount_tmpfs) { return mount("none", folder("m"), "tmpfs", 0, 0); }
ATTEMPT(mount_proc) { return mount("proc", folder("m"), "proc", 0, 0); }
ATTEMPT(mount_debugfs) { return mount("none", folder("m"), "debugfs", 0, 0); }
ATTEMPT(mount_cgroups) { return mount("none", folder("m"), "cgroup", 0, "pids"); }
ATTEMPT(bind_mount) { return mount("/", folder("m"), 0, MS_BIND, 0); }
ATTEMPT(remount_writable) { return mount(0, "/", 0, MS_REMOUNT | MS_BIND, 0); }
ATTEMPT(unmount_proc) { return umount2("/proc", MNT_DETACH); }
ATTEMPT(new_mount_api) { return syscall(SYS_fsopen, "tmpfs", 0); }
ATTEMPT(pick_mount) { return syscall(SYS_fspick, AT_FDCWD, "/", 0); }
ATTEMPT(clone_mount) { return syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */); }
ATTEMPT(move_mount) {
  return syscall(SYS_move_mount, AT_FDCWD, "/proc", AT_FDCWD, folder("m"), 0);
}
ATTEMPT(mount_attributes) {
  uint64_t none[4] = {0, 1 /* MOUNT_ATTR_RDONLY */, 0, 0};
  return syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, none, sizeof none);
}
ATTEMPT(change_root) { return chroot(folder("r")); }
ATTEMPT(pivot_root) {
  const char *root = folder("r");
  mount(root, root, 0, MS_BIND, 0);
  return syscall(SYS_pivot_root, root, root);
}
ATTEMPT(new_user_namespace) { return unshare(CLONE_NEWUSER); }
ATTEMPT(new_network_namespace) { return unshare(CLONE_NEWNET); }
ATTEMPT(clone_user_namespace) {
  long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  return child;
}
/* A filter cannot look into the struct of clone3, where the flags are. */
ATTEMPT(clone3_user_namespace) {
  uint64_t args[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
  long child = syscall(SYS_clone3, args, sizeof args);
  if (child == 0) _exit(0);
  return child;
}
static long enters(const char *path) {
  int fd = open(path, O_RDONLY);
  return fd < 0 ? -1 : setns(fd, 0);
}
ATTEMPT(enter_mounts_of_another) { return enters(of_another("ns/mnt")); }
ATTEMPT(enter_network_of_another) { return enters(of_another("ns/net")); }
ATTEMPT(enter_own_names) {
  int own = open("/proc/self/ns/uts", O_RDONLY);
  return own < 0 ? -1 : setns(own, CLONE_NEWUTS);
}
