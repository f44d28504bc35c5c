import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { AlreadyTold, CliError } from '../error.ts'

/** How a process ended. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process that this one started and will end. */
export interface Child {
  readonly pid: number
  readonly ended: Promise<End>
  /** Resolves when it said what it was to say first; rejects if it ends before. */
  readonly first: Promise<string>
  signal(signal: NodeJS.Signals): void
  /** SIGTERM, SIGKILL when the time is up; returns when it is gone. */
  stop(withinMs: number): Promise<End>
}

export interface Launch {
  /** What an error calls it. */
  readonly name: string
  readonly command: readonly string[]
  /** Appended to with all it says, so that the terminal stays readable. */
  readonly log: string
  /** Tells the line that means it is ready. */
  readonly isReady?: (line: string) => boolean
  /** It lives as long as its standard input is open, and so ends with us, whatever ends us. */
  readonly isLeashed?: boolean
  /** Beside what this process was given. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Starts a process in a session of its own: Ctrl-C at the terminal must not end it before we do. */
export function launch(launched: Launch): Child {
  const { name, command, log, isReady, isLeashed = false, environment } = launched
  const [program = '', ...words] = command
  const file = openSync(log, 'a')
  const child = spawn(program, words, {
    stdio: [isLeashed ? 'pipe' : 'ignore', 'pipe', file],
    detached: true,
    env: { ...process.env, ...environment },
  })
  const ended = endOf(child, program)
  const first = firstLine(child, ended, isReady ?? (() => true), { name, log, file })
  // Whoever does not wait for readiness is not told twice that it ended early.
  first.catch(() => undefined)
  return {
    pid: child.pid ?? 0,
    ended,
    first,
    signal: signal => void child.kill(signal),
    async stop(withinMs) {
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), withinMs)
      return ended.finally(() => clearTimeout(late))
    },
  }
}

/** Runs a process on this terminal until it ends; an interruption ends it first. */
export async function runInForeground(
  command: readonly string[],
  interrupted: AbortSignal,
): Promise<End> {
  const [program = '', ...words] = command
  const child = spawn(program, words, { stdio: 'inherit' })
  const stop = (): void => void child.kill('SIGTERM')
  interrupted.addEventListener('abort', stop, { once: true })
  return endOf(child, program).finally(() => interrupted.removeEventListener('abort', stop))
}

/** As {@link runInForeground}, for a process that says how far it is, line by line. */
export async function runTold(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  onLine: (line: string) => void,
  interrupted: AbortSignal,
): Promise<End> {
  const [program = '', ...words] = command
  const env = { ...process.env, ...environment }
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'], env })
  const lines = createInterface({ input: child.stdout }).on('line', onLine)
  const told = once(lines, 'close')
  const stop = (): void => void child.kill('SIGTERM')
  interrupted.addEventListener('abort', stop, { once: true })
  const end = await endOf(child, program).finally(() => {
    interrupted.removeEventListener('abort', stop)
  })
  await told
  return end
}

/** As {@link runInForeground}, for a process that lives as long as its standard input is open. */
export async function runOnLeash(
  command: readonly string[],
  interrupted: AbortSignal,
): Promise<End> {
  const [program = '', ...words] = command
  const child = spawn(program, words, { stdio: ['pipe', 'inherit', 'inherit'] })
  const stop = (): void => void child.stdin?.end()
  interrupted.addEventListener('abort', stop, { once: true })
  return endOf(child, program).finally(() => interrupted.removeEventListener('abort', stop))
}

/** Refuses an end that was no success and was not asked for. */
export function refuseFailure(what: string, { code, signal }: End, asked: boolean): void {
  if (code === 0 || asked) return
  if (code !== null) throw new AlreadyTold(code)
  throw new CliError('cli/process', `cannot go on: ${what} ended by ${signal}`)
}

function endOf(child: ChildProcess, program: string): Promise<End> {
  return new Promise((resolve, reject) => {
    child.once('error', cause => {
      const message = `cannot start ${program}: ${cause.message}`
      reject(new CliError('cli/process', message, {}, { cause }))
    })
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
}

interface Logged {
  readonly name: string
  readonly log: string
  readonly file: number
}

function firstLine(
  child: ChildProcess,
  ended: Promise<End>,
  isReady: (line: string) => boolean,
  { name, log, file }: Logged,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let rest = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      writeSync(file, text)
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      const ready = lines.find(isReady)
      if (ready !== undefined) resolve(ready)
    })
    ended.then(({ code, signal }) => {
      const message = `cannot start ${name}: it ended by ${signal ?? `exit ${code}`}`
      reject(new CliError('cli/process', message, { hint: `its log ${log} says why` }))
    }, reject)
  })
}
