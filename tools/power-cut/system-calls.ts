/** One system call that a trace saw succeed, by what it was given; bytes are as they were written. */
export interface SystemCall {
  readonly name: string
  /** Strings, decoded, in the order of the arguments. */
  readonly texts: readonly string[]
  /** Paths of the descriptors among the arguments, and of the one that came back. */
  readonly descriptors: readonly string[]
  readonly numbers: readonly number[]
  readonly flags: string
  readonly result: number
  /** The path that the descriptor that came back is of. */
  readonly opened: string | undefined
}

/** What the laboratory has `strace` say: every call that changes a file system, or makes it durable. */
export function tracerOf(file: string): string[] {
  const calls = [
    ...[
      'open',
      'openat',
      'creat',
      'write',
      'pwrite64',
      'writev',
      'pwritev',
      'ftruncate',
      'truncate',
    ],
    ...[
      'sendfile',
      'copy_file_range',
      'rename',
      'renameat',
      'renameat2',
      'link',
      'linkat',
      'unlink',
    ],
    ...[
      'unlinkat',
      'rmdir',
      'mkdir',
      'mkdirat',
      'symlink',
      'symlinkat',
      'fsync',
      'fdatasync',
      'sync',
    ],
    ...['syncfs', 'mknod', 'mknodat', 'chmod', 'fchmod', 'fchmodat', 'chown', 'lchown', 'fchown'],
    ...['fchownat', 'execve'],
  ]
  const trace = `trace=${calls.join()}`
  const shown = ['-f', '-y', '-qq', '-v', '-a', '1', '-xx', '-s', '4194304']
  return ['strace', ...shown, '-e', trace, '-e', 'signal=none', '-o', file]
}

/** Reads a trace of {@link tracerOf}, in the order in which its calls came back. */
export function parseTrace(text: string): SystemCall[] {
  const begun = new Map<string, string>()
  return text.split('\n').flatMap(line => {
    const space = line.indexOf(' ')
    const pid = line.slice(0, space)
    const rest = line.slice(space).trimStart()
    if (rest.endsWith('<unfinished ...>')) {
      begun.set(pid, rest.slice(0, -'<unfinished ...>'.length))
      return []
    }
    const resumed = /^<\.\.\. \w+ resumed>/.exec(rest)
    const whole = resumed ? `${begun.get(pid) ?? ''}${rest.slice(resumed[0].length)}` : rest
    return parseCall(whole) ?? []
  })
}

function parseCall(line: string): SystemCall | undefined {
  const end = line.lastIndexOf(') = ')
  const open = line.indexOf('(')
  const result = Number.parseInt(line.slice(end + 4), 10)
  if (end < 0 || open < 0 || !(result >= 0)) return undefined
  const given = line.slice(open + 1, end)
  const plain = given.replaceAll(/"[^"]*"/g, '').replaceAll(/<[^>]*>/g, '')
  return {
    name: line.slice(0, open),
    texts: [...given.matchAll(/"([^"]*)"/g)].map(([, hex = '']) => decode(hex)),
    descriptors: [...given.replaceAll(/"[^"]*"/g, '').matchAll(/<([^>]*)>/g)].map(([, hex = '']) =>
      decode(hex),
    ),
    numbers: [...plain.matchAll(/(?<=^|[\s,{=[])-?\d+\b/g)].map(([number]) => Number(number)),
    flags: plain,
    result,
    opened: decodeOpened(line.slice(end + 4)),
  }
}

function decodeOpened(text: string): string | undefined {
  const hex = /^\d+<([^>]*)>/.exec(text)?.[1]
  return hex === undefined ? undefined : decode(hex)
}

/** Latin-1, so that each character is a byte. */
function decode(hex: string): string {
  return hex.startsWith('\\x')
    ? Buffer.from(hex.replaceAll('\\x', ''), 'hex').toString('latin1')
    : hex
}
