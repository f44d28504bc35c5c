import { attemptsOf } from './attempt.ts'

const reads = { through: 'secret' }

/** What of the device is not in the sandbox, or is there and shut. */
export const deviceAttempts = [
  ...attemptsOf({
    threat: 'T17',
    stops: 'the sandbox has a root of its own: the tree, and nothing of the device',
    refused: ['ENOENT'],
    rows: {
      read_host_file: { tries: 'reads a file of the device by its path', ...reads },
      dot_dot_out: { tries: 'climbs out of its root by forty ..', ...reads },
      read_other_package: { tries: 'reads the data of another package', ...reads },
      read_device_key: { tries: 'reads the key by which the device signs', ...reads },
      read_host_memory_file: { tries: 'reads what a process left in /dev/shm', ...reads },
      sh_read_host: {
        tries: 'reads a file of the device from a shell',
        through: 'secret',
        refused: ['cannot'],
        shell: 'cat "$HOST_SECRET" 2>/dev/null || echo cannot',
      },
      sh_list_run: {
        tries: 'looks for sockets in /run',
        through: 'docker.sock',
        refused: [''],
        shell: 'case "$(ls /run)" in *docker.sock*) echo docker.sock ;; esac',
      },
      agent_socket: 'speaks to the agent by the socket of its owner',
      docker_socket: 'speaks to a container engine by its socket',
      dbus_socket: 'speaks to the system bus by its socket',
      descriptor_from_outside: {
        tries: 'asks a service outside for an open file, by SCM_RIGHTS',
        ...reads,
      },
      see_hardware: 'lists the block devices of /sys',
      cgroup_of_another: 'moves itself into a cgroup without its limits',
      loosen_own_limit: 'writes "max" to the limit of a cgroup',
      hard_link_to_outside: 'keeps a file of outside by a hard link in its data',
    },
  }),
  ...attemptsOf({
    threat: 'T17',
    stops: 'a small /dev of its own, shut; no device node that was not granted',
    refused: ['ENOENT'],
    lacking: ['ENOENT', 'EPERM'],
    rows: {
      open_disk: 'opens the disk under the file system',
      open_memory: 'opens the memory of the machine',
      open_kernel_log: 'opens the kernel’s log',
      open_console: 'opens a terminal of the device',
      open_screen: 'opens what stands on its screen',
      open_tun: 'opens /dev/net/tun to make a network device',
      open_fuse: 'opens /dev/fuse to serve a file system',
      open_loop: 'opens /dev/loop-control',
      open_kvm: 'opens /dev/kvm',
      open_vsock: 'opens /dev/vsock',
      open_stand_in_device: 'opens a device node (a stand-in) that lies elsewhere',
    },
  }),
  ...attemptsOf({
    threat: 'T17',
    stops: 'the system call filter: mknod makes no device; and its data is mounted nodev',
    refused: ['EPERM'],
    rows: {
      make_disk: { tries: 'makes a node of the disk in its data and opens it', lacking: ['EPERM'] },
      make_null: 'makes any device node in its data and opens it',
    },
  }),
  ...attemptsOf({
    threat: 'T17',
    stops: 'handed nothing on: no descriptor and no environment of the agent',
    refused: ['EBADF', 'ENOENT'],
    rows: {
      inherited_descriptors: {
        tries: 'looks for files that the agent was started with',
        ...reads,
      },
      inherited_environment: { tries: 'looks for a secret in its environment', ...reads },
    },
  }),
  ...attemptsOf({
    threat: 'T17',
    stops: 'the tree is mounted read-only, and belongs to another user',
    refused: ['EROFS', 'EPERM', 'EACCES', 'EXDEV'],
    rows: {
      plant_in_tree: 'writes a new program into its tree',
      chmod_program: 'changes the mode of a program of its tree',
      replace_program: 'renames one program of its tree over another',
      plant_preload: 'writes /etc/ld.so.preload, which every program loads',
      plant_in_launcher: 'writes a library where the launcher has its own',
      write_launcher: {
        tries: 'opens the loader that the launcher runs by, to write',
        refused: ['EROFS', 'EACCES', 'ETXTBSY'],
      },
      write_settings: 'opens its settings to write',
      chmod_settings: 'makes its settings writable',
      rename_over_settings: {
        tries: 'renames a file of its own over its settings',
        refused: ['EBUSY', 'EXDEV', 'EROFS'],
      },
      sh_write_tree: {
        tries: 'writes into its tree from a shell',
        refused: ['cannot'],
        shell: '(echo x >"$ROOT/attempts/from-shell") 2>/dev/null && echo done || echo cannot',
      },
    },
  }),
  ...attemptsOf({
    threat: 'T18',
    stops: '/proc/sys is read-only, and all of /proc belongs to root, whom the app is not',
    refused: ['EACCES', 'EROFS', 'EPERM', 'ENOENT'],
    lacking: ['ENOENT'],
    rows: {
      core_pattern: 'says which program the kernel runs for a core dump',
      kernel_setting: 'sets a value under /proc/sys',
      host_name_file: 'sets the name of the host under /proc/sys',
      sysrq: 'writes a harmless letter to /proc/sysrq-trigger',
      kernel_memory: 'opens /proc/kcore',
      timers_of_all: 'reads the timers of every process',
    },
  }),
]
