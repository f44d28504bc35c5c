import { execFile } from 'node:child_process'

export interface Ran {
  /** Undefined when the program is not on this machine. */
  readonly exit: number | undefined
  readonly stdout: string
  readonly stderr: string
}

const mostOutput = 512 * 1024 * 1024

/** Runs a program to its end, in the C locale so that its words can be read. */
export function run(program: string, args: readonly string[], cwd?: string): Promise<Ran> {
  const where = cwd === undefined ? {} : { cwd }
  return new Promise(resolve => {
    execFile(
      'env',
      ['LC_ALL=C', program, ...args],
      { ...where, maxBuffer: mostOutput },
      (error, stdout, stderr) => {
        const exit = error ? exitOf(error.code) : 0
        resolve({ exit, stdout, stderr: error && !stderr ? error.message : stderr })
      },
    )
  })
}

/** `env` exits with 127 when there is no such program. */
function exitOf(code: unknown): number | undefined {
  return code === 127 || typeof code !== 'number' ? undefined : code
}
