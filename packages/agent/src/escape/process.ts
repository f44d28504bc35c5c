import { attemptsOf } from './attempt.ts'

const reads = { through: 'secret' }
const ownFirst =
  'that process is of the same user then; it has the same filter and no right more, and its end ends the app'

/** Other processes, and more rights over one's own. */
export const processAttempts = [
  ...attemptsOf({
    threat: 'T18',
    stops: 'the system call filter: nobody looks into another process',
    refused: ['EPERM'],
    rows: {
      trace: 'traces another process',
      trace_me: 'has itself traced',
      read_memory_of_another: { tries: 'reads the memory of another process', ...reads },
      write_memory_of_another: 'writes the memory of another process',
      take_descriptor: 'takes an open file of another process by pidfd_getfd',
      compare_kernel_objects: 'asks which objects of the kernel two processes share',
    },
  }),
  ...attemptsOf({
    threat: 'T17',
    stops: 'a process namespace with a /proc of its own: no other process is in it',
    refused: ['ESRCH', 'ENOENT', 'EACCES', 'EPERM'],
    rows: {
      signal_to_host_process: 'sends a signal to a process of the device',
      handle_of_host_process: 'takes a handle of a process of the device',
      environment_of_others: {
        tries: 'looks for a password in the environment of others',
        ...reads,
      },
      arguments_of_others: { tries: 'looks for a secret in the arguments of others', ...reads },
      root_of_another: { tries: 'reads a file through the root of another process', ...reads },
      folder_of_another: { tries: 'reads a file through the folder of another process', ...reads },
      signal_to_first_process: {
        tries: 'sends a signal to the first process it sees',
        asUser: ownFirst,
      },
      memory_of_another: {
        tries: 'opens the memory of the first process it sees',
        asUser: ownFirst,
      },
    },
  }),
  ...attemptsOf({
    threat: 'T17',
    stops: 'a namespace of its own for what processes share',
    refused: ['EINVAL', 'ENOENT'],
    rows: {
      shared_memory_of_host: { tries: 'reads shared memory of the device by its key', ...reads },
      message_queue_of_host: 'opens a message queue of the device',
    },
  }),
  ...attemptsOf({
    threat: 'T18',
    stops: 'a user of its own without capabilities, and no new privileges',
    refused: ['EPERM', 'EINVAL', 'EACCES'],
    rows: {
      become_root: { tries: 'becomes root, and reads a file of the device', ...reads },
      become_root_group: 'joins the group of root',
      gain_capabilities: 'takes a capability',
      setuid_program: 'makes itself setuid, for a program that has fewer rights',
      file_capability: 'gives a file capabilities',
      give_away_file: 'gives a file to another user',
      nice_below_zero: 'has itself preferred by the processor',
      real_time: 'has itself run before all others',
      real_time_disk: 'has itself preferred by the disk',
      core_limit: 'has core dumps made of itself',
    },
  }),
  ...attemptsOf({
    threat: 'T18',
    stops: 'the system call filter: nobody types into a terminal',
    refused: ['EPERM'],
    rows: {
      type_into_terminal: 'types into a terminal by TIOCSTI',
      type_with_high_bits: 'the same, with bits above those that the kernel reads',
      paste_into_console: 'pastes into a console by TIOCLINUX',
    },
  }),
  ...attemptsOf({
    threat: 'T19',
    stops: 'a limit of open files for each process, which it cannot raise',
    refused: ['EMFILE'],
    lacking: ['EMFILE'],
    rows: { hold_files_open: 'holds thousands of files open' },
  }),
]
