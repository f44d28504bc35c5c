import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { CliError } from '../error.ts'

const execute = promisify(execFile)

/** Runs a program to its end and gives what it printed. */
export async function run(program: string, words: readonly string[]): Promise<string> {
  try {
    const { stdout } = await execute(program, [...words], { maxBuffer: 64 * 1024 * 1024 })
    return stdout
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : ''
    const why = said.split('\n')[0] || (cause instanceof Error ? cause.message : String(cause))
    const line = [program, ...words].join(' ')
    throw new CliError('cli/process', `cannot run ${line}: ${why}`, { command: line }, { cause })
  }
}
