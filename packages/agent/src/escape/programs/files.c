/* Files, sockets by name and what else of the device has a path. */
#include "attempt.h"
#include <dirent.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

static long connects(const char *path) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  strncpy(to.sun_path, path, sizeof to.sun_path - 1);
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  if (s < 0 || connect(s, (struct sockaddr *)&to, sizeof to)) return -1;
  return s;
}

ATTEMPT(read_host_file) { return reads(place("HOST_SECRET")); }
ATTEMPT(read_other_package) { return reads(place("OTHER_DATA")); }
ATTEMPT(read_device_key) { return reads(place("DEVICE_KEY")); }
ATTEMPT(read_host_memory_file) { return reads(place("SHM_SECRET")); }
ATTEMPT(read_host_passwd) { return reads("/etc/passwd"); }
ATTEMPT(agent_socket) { return connects(place("AGENT_SOCKET")); }
ATTEMPT(docker_socket) { return connects("/run/docker.sock"); }
ATTEMPT(dbus_socket) { return connects("/run/dbus/system_bus_socket"); }
ATTEMPT(root_of_another) {
  char path[4096];
  snprintf(path, sizeof path, "%s%s", of_another("root"), place("HOST_SECRET"));
  return reads(path);
}
ATTEMPT(folder_of_another) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", of_another("cwd"), place("HOST_SECRET"));
  return reads(path);
}
ATTEMPT(dot_dot_out) {
  char path[4096] = {0};
  for (int i = 0; i < 40; i++) strcat(path, "../");
  strcat(path, place("HOST_SECRET") + 1);
  return reads(path);
}

/* A folder's descriptor of outside would be a way out; none is to be had. */
ATTEMPT(descriptor_from_outside) {
  int s = connects(place("HANDOUT"));
  if (s < 0) return -1;
  char byte, room[CMSG_SPACE(sizeof(int))], text[64] = {0};
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  if (recvmsg(s, &message, 0) < 0 || !CMSG_FIRSTHDR(&message)) return -1;
  int fd = *(int *)CMSG_DATA(CMSG_FIRSTHDR(&message));
  if (pread(fd, text, 6, 0) < 0) return -1;
  return says(text);
}
ATTEMPT(inherited_descriptors) {
  char text[64] = {0};
  for (int fd = 3; fd < 1024; fd++)
    if (pread(fd, text, 6, 0) == 6 && !strcmp(text, "secret")) return says(text);
  errno = EBADF;
  return -1;
}
ATTEMPT(inherited_environment) {
  if (getenv("STEADFLEET_ESCAPE_SECRET")) return says(getenv("STEADFLEET_ESCAPE_SECRET"));
  errno = ENOENT;
  return -1;
}

/* Its own tree, its settings, what is run before it. */
static const char *in_root(const char *at) {
  static char path[4096];
  snprintf(path, sizeof path, "%s%s", place("ROOT"), at);
  return path;
}
static long plants(const char *at) {
  int fd = open(in_root(at), O_WRONLY | O_CREAT, 0755);
  return fd < 0 ? -1 : write(fd, "#", 1);
}
ATTEMPT(plant_in_tree) { return plants("/attempts/planted"); }
ATTEMPT(plant_preload) { return plants("/etc/ld.so.preload"); }
ATTEMPT(plant_in_launcher) { return plants("/.steadfleet/planted"); }
ATTEMPT(write_launcher) { return open(in_root("/.steadfleet/loader"), O_WRONLY); }
ATTEMPT(chmod_program) { return chmod(in_root("/attempts/run"), 0755); }
ATTEMPT(replace_program) { return rename(in_root("/attempts/spare"), in_root("/attempts/other")); }
ATTEMPT(write_settings) { return open(place("SETTINGS"), O_WRONLY); }
ATTEMPT(chmod_settings) { return chmod(place("SETTINGS"), 0640); }
ATTEMPT(rename_over_settings) {
  int fd = open(mine("settings"), O_WRONLY | O_CREAT, 0600);
  if (fd < 0 || write(fd, "{}", 2) != 2) return -1;
  return rename(mine("settings"), place("SETTINGS"));
}

/* Device nodes. */
static long makes_node(const char *name, mode_t kind, dev_t device) {
  unlink(mine(name));
  if (mknod(mine(name), kind | 0600, device)) return -1;
  long got = opens(mine(name), O_RDONLY);
  unlink(mine(name));
  return got;
}
ATTEMPT(make_disk) { return makes_node("disk", S_IFBLK, makedev(number("DISK_MAJOR"), number("DISK_MINOR"))); }
ATTEMPT(make_null) { return makes_node("null", S_IFCHR, makedev(1, 3)); }
ATTEMPT(open_disk) { return opens(place("DISK"), O_RDONLY); }
ATTEMPT(open_memory) { return opens("/dev/mem", O_RDONLY); }
ATTEMPT(open_kernel_log) { return opens("/dev/kmsg", O_RDONLY); }
ATTEMPT(open_console) { return opens("/dev/tty1", O_RDONLY); }
ATTEMPT(open_screen) { return opens("/dev/vcs1", O_RDONLY); }
ATTEMPT(open_tun) { return opens("/dev/net/tun", O_RDWR); }
ATTEMPT(open_fuse) { return opens("/dev/fuse", O_RDWR); }
ATTEMPT(open_loop) { return opens("/dev/loop-control", O_RDWR); }
ATTEMPT(open_kvm) { return opens("/dev/kvm", O_RDWR); }
ATTEMPT(open_vsock) { return opens("/dev/vsock", O_RDWR); }
ATTEMPT(open_stand_in_device) { return opens(place("DEVICE"), O_RDWR); }

/* /proc and /sys. */
ATTEMPT(kernel_memory) { return opens("/proc/kcore", O_RDONLY); }
ATTEMPT(timers_of_all) { return opens("/proc/timer_list", O_RDONLY); }
ATTEMPT(see_hardware) { return opens("/sys/block", O_RDONLY | O_DIRECTORY); }
ATTEMPT(core_pattern) { return writes_back("/proc/sys/kernel/core_pattern"); }
ATTEMPT(kernel_setting) { return writes_back("/proc/sys/vm/overcommit_memory"); }
ATTEMPT(host_name_file) { return writes_back("/proc/sys/kernel/hostname"); }
ATTEMPT(sysrq) {
  int fd = open("/proc/sysrq-trigger", O_WRONLY);
  return fd < 0 ? -1 : write(fd, "h", 1);
}
ATTEMPT(cgroup_of_another) {
  int fd = open(place("CGROUP"), O_WRONLY);
  return fd < 0 ? -1 : write(fd, "0", 1);
}
ATTEMPT(loosen_own_limit) {
  int fd = open(place("CGROUP_LIMIT"), O_WRONLY);
  return fd < 0 ? -1 : write(fd, "max", 3);
}

/* By inode number past every mount: the root folder of the file system that holds the data. */
ATTEMPT(open_by_handle) {
  struct { unsigned bytes; int type; uint32_t inode[2]; } handle = {8, 1, {2, 0}};
  int mount = open(place("MINE"), O_RDONLY);
  return syscall(SYS_open_by_handle_at, mount, &handle, O_RDONLY);
}
ATTEMPT(name_to_handle) {
  struct { unsigned bytes; int type; char rest[128]; } handle = {128, 0, {0}};
  int mount;
  return syscall(SYS_name_to_handle_at, AT_FDCWD, place("MINE"), &handle, &mount, 0);
}
ATTEMPT(file_capability) {
  unsigned char caps[20] = {1, 0, 0, 2, 0, 0, 32, 0};
  close(open(mine("capable"), O_WRONLY | O_CREAT, 0755));
  return setxattr(mine("capable"), "security.capability", caps, sizeof caps, 0);
}
ATTEMPT(give_away_file) {
  close(open(mine("given"), O_WRONLY | O_CREAT, 0755));
  return chown(mine("given"), 12345, 12345);
}
/* A hard link would keep a file of another mount in the app's data. */
ATTEMPT(hard_link_to_outside) {
  unlink(mine("linked"));
  return link(place("LINKABLE"), mine("linked"));
}
