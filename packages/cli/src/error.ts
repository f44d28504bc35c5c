import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { CodedError } from '@steadfleet/base'

/** Every way in which the command line refuses by itself; the server's refusals keep their codes. */
export type CliErrorCode =
  | 'cli/usage'
  | 'cli/unreachable'
  | 'cli/interrupted'
  | 'cli/exists'
  | 'cli/no-home'
  | 'cli/key'
  | 'cli/no-sealing-key'
  | 'cli/passphrase'
  | 'cli/not-found'
  | 'cli/process'
  | 'cli/network'
  | 'cli/upload'
  | 'cli/name-space'
  | 'cli/refused'
  | 'cli/demo'
  | 'cli/timeout'
  | 'cli/damaged'
  | 'cli/read-only'
  | 'cli/not-ours'

/** Raised when a command cannot do what it was asked. */
export class CliError extends CodedError<CliErrorCode> {}

/** What a command exits with. */
export const exits = {
  done: 0,
  refused: 1,
  usage: 2,
  unreachable: 3,
  unsigned: 4,
  unlogged: 5,
  unbuilt: 6,
  different: 7,
  alarmed: 8,
  interrupted: 130,
} as const

/** What each exit code means, for `--help`. */
export const exitMeanings: Readonly<Record<keyof typeof exits, string>> = {
  done: 'done',
  refused: 'refused or failed; the error says why',
  usage: 'not a command, or not as it takes it',
  unreachable: 'the server could not be reached',
  unsigned: 'verify: what the publisher signed does not hold',
  unlogged: 'verify: the log does not hold the release',
  unbuilt: 'verify: provenance, builder or lock do not hold',
  different: 'verify: a rebuild does not give the same',
  alarmed: 'log monitor, audit verify: the log forked, went back, or holds what it should not',
  interrupted: 'interrupted before it was done',
}

const exitOf: Readonly<Record<string, number>> = {
  'cli/usage': exits.usage,
  'cli/unreachable': exits.unreachable,
  'cli/interrupted': exits.interrupted,
  'cli/not-ours': exits.alarmed,
  'audit/changed': exits.alarmed,
  'audit/gap': exits.alarmed,
  'audit/order': exits.alarmed,
  'audit/head': exits.alarmed,
}

/** Raised where a process on this terminal failed and has said why itself: nothing is added. */
export class AlreadyTold extends Error {
  readonly exit: number

  constructor(exit: number) {
    super(`a process ended by exit ${exit}`)
    this.exit = exit
  }
}

/** Raised by a command that has an exit code of its own for what its cause says. */
export class OwnExit extends CodedError {
  readonly exit: number

  constructor(exit: number, cause: CodedError) {
    super(cause.code, cause.message, cause.details, { cause })
    this.exit = exit
  }
}

/** The exit code that an error ends the program with. */
export function exitFor(error: unknown): number {
  if (error instanceof OwnExit) return error.exit
  return (error instanceof CodedError ? exitOf[error.code] : undefined) ?? exits.refused
}

/** What to try next, by code. A row here is a promise that the advice helps. */
const hints: Readonly<Record<string, string>> = {
  'cli/usage': "run the command with '--help' to see what it takes",
  'cli/unreachable': "is the server running? start it with 'steadfleet serve'",
  'cli/exists': 'choose another folder, or remove this one if nothing uses its keys',
  'cli/no-home': "run 'steadfleet init DIR' first, or name the folder with --dir or STEADFLEET_DIR",
  'cli/key': 'the offline folder of the fleet holds the keys; is it mounted?',
  'cli/passphrase':
    'type it at a terminal, or use --passphrase-fd N, or STEADFLEET_PASSPHRASE where nobody sits at one',
  'cli/read-only': 'name a folder on a disk that can be written, with --dir or STEADFLEET_DIR',
  'cli/name-space': 'a publisher publishes under its own name; see publisher in steadfleet.json',
  'cli/network': 'run as an ordinary user to use ports instead of network namespaces',
  'authority/not-asked': 'review the draft: it says which keys may sign',
  'request/unknown-key': "the server was made by another 'steadfleet init'; see --dir",
  'request/forbidden': 'this key has not the permission; see the server’s operators',
  'schema/mismatch': "run the command with '--help' to see what it takes",
}

/** One line for the error, one for the hint where there is one. */
export function toErrorLines(thrown: unknown): string[] {
  const error = named(thrown)
  const { code, message } = describe(error)
  const hint = hintOf(error, code)
  return [`error: ${message}  [${code}]`, ...(hint === undefined ? [] : [`hint: ${hint}`])]
}

/** The error as one JSON value, for `--json`. */
export function toErrorJson(thrown: unknown): object {
  const error = named(thrown)
  const { code, message } = describe(error)
  const hint = hintOf(error, code)
  const details = error instanceof CodedError ? error.details : {}
  return { error: { code, message, ...(hint === undefined ? {} : { hint }), details } }
}

/** A fault of the system that somebody can do something about gets a code of ours. */
function named(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && 'path' in error)) return error
  const path = String(error.path)
  // Node tells a recursive mkdir that a read-only disk refused as one whose path is not there.
  const isRefused = error.code === 'EROFS' || (error.code === 'ENOENT' && isReadOnly(dirname(path)))
  if (!isRefused) return error
  const message = `cannot write ${path}: the disk is read-only`
  return new CliError('cli/read-only', message, { path }, { cause: error })
}

/** Whether the disk that a folder is on, or would be, takes nothing. */
function isReadOnly(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return false
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' && folder !== dirname(folder)) return isReadOnly(dirname(folder))
    return code === 'EROFS'
  }
}

function describe(error: unknown): { code: string; message: string } {
  if (error instanceof CodedError) return { code: error.code, message: oneLine(error.message) }
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unexpected'
  return { code, message: `cannot go on: ${oneLine(message)}` }
}

function hintOf(error: unknown, code: string): string | undefined {
  const own = error instanceof CodedError ? error.details.hint : undefined
  return typeof own === 'string' ? own : hints[code]
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, '; ')
}
