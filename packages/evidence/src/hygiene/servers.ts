import type { HygieneRule } from './rules.ts'
import { hasText } from './texts.ts'

type ServerRule = Extract<HygieneRule, 'telnet-server' | 'ftp-server' | 'debug-server' | 'compiler'>

/** Programs by the name of their file, or of a link to them. */
const names: readonly (readonly [rule: ServerRule, name: RegExp])[] = [
  ['telnet-server', /^(in\.|u)?telnetd(-ssl)?$|^(in\.)?r(login|sh|exec)d$/],
  ['ftp-server', /^(in\.|vs|pro|pure-|wu-|b|u|stupid-|inetutils-|at)?t?ftpd$/],
  ['debug-server', /^([\w-]+-)?gdbserver$|^lldb-server(-[\d.]+)?$|^adbd$|^frida-server$/],
  [
    'compiler',
    /^((x86_64|aarch64|arm|i686)-[\w-]+-)?(gcc|g\+\+|cpp|as|ld|ld\.(bfd|gold|lld))(-[\d.]+)?$|^(cc|c\+\+|c89|c99|clang(\+\+)?(-[\d.]+)?|tcc|cc1|cc1plus|rustc|javac|gccgo|ld\.lld)$/,
  ],
]

/** What has a program’s name there starts it, completes it or tells of it. */
const notPrograms = /^(etc|usr\/share)\//

/** The rule that a program of this name falls under. */
export function ruleOfProgram(path: string): ServerRule | undefined {
  if (notPrograms.test(path)) return undefined
  const name = path.slice(path.lastIndexOf('/') + 1)
  return names.find(([, pattern]) => pattern.test(name))?.[0]
}

interface Mark {
  readonly rule: ServerRule
  readonly what: string
  /** All of these stand in the program: whole texts, and parts of others. */
  readonly texts?: readonly string[]
  readonly parts: readonly string[]
}

/** Programs by what is in them, whatever they are called. */
const marks: readonly Mark[] = [
  { rule: 'telnet-server', what: 'BusyBox’s telnetd', parts: ['BusyBox v'], texts: ['telnetd'] },
  { rule: 'telnet-server', what: 'a telnetd', parts: ['LINEMODE', '/login'], texts: ['telnetd'] },
  { rule: 'ftp-server', what: 'BusyBox’s ftpd', parts: ['BusyBox v'], texts: ['ftpd'] },
  { rule: 'ftp-server', what: 'BusyBox’s tftpd', parts: ['BusyBox v'], texts: ['tftpd'] },
  { rule: 'ftp-server', what: 'vsftpd', parts: ['vsftpd: version'] },
  { rule: 'ftp-server', what: 'Pure-FTPd', parts: ['Welcome to Pure-FTPd'] },
  { rule: 'ftp-server', what: 'ProFTPD', parts: ['ProFTPD', 'mod_core.c'], texts: ['PASV'] },
  { rule: 'ftp-server', what: 'an ftpd', parts: ['FTP server', 'PASV'], texts: ['ftpd'] },
  { rule: 'debug-server', what: 'gdbserver', parts: ['Usage:\tgdbserver'] },
]

/** What a program holds, by its own texts; one answer a rule. */
export function serversIn(program: Buffer): Pick<Mark, 'rule' | 'what'>[] {
  const found = marks.filter(
    ({ parts, texts = [] }) =>
      parts.every(part => program.includes(part)) && texts.every(text => hasText(program, text)),
  )
  return found.filter(({ rule }, i) => found.findIndex(one => one.rule === rule) === i)
}
