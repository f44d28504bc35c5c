import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { isJsonObject, type Json, type JsonObject } from '../../packages/base/src/index.ts'
import type { Home } from '../../packages/cli/src/fleet/home.ts'
import { checkout } from '../../packages/cli/src/process/checkout.ts'
import type { Environment } from '../besieged.ts'

/** What one command said, and how it ended. */
export interface Answer {
  readonly exit: number | null
  /** Each object that it printed. */
  readonly said: readonly JsonObject[]
  /** The code of its error; undefined where there was none. */
  readonly code: string | undefined
}

const program = join(checkout, 'packages/cli/bin/steadfleet.mjs')

/** Types a command about a fleet, whose drafts lie in its folder, as a process of its own. */
export function steadfleet(
  { directory }: Pick<Home, 'directory'>,
  line: string,
  environment: Environment = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const env = { ...process.env, STEADFLEET_DIR: directory, ...environment }
  const words = [program, ...line.split(' '), '--json']
  const child = spawn(process.execPath, words, { cwd: directory, env })
  const text = { out: '', err: '' }
  child.stdout.on('data', piece => {
    text.out += piece
  })
  child.stderr.on('data', piece => {
    text.err += piece
  })
  child.once('error', reject)
  child.once('close', exit =>
    resolve({ exit, said: documentsIn(text.out), code: codeIn(text.err) }),
  )
  return promise
}

/** Types commands that must all work. */
export async function steadfleetAll(
  home: Pick<Home, 'directory'>,
  lines: readonly string[],
  environment: Environment = {},
): Promise<void> {
  for (const line of lines) {
    const { exit, code } = await steadfleet(home, line, environment)
    if (exit !== 0) throw new Error(`cannot ${line}: exit ${exit}  [${code}]`)
  }
}

function documentsIn(text: string): JsonObject[] {
  const lines = text.split('\n').filter(Boolean)
  return lines.map((line): Json => JSON.parse(line)).filter(isJsonObject)
}

function codeIn(text: string): string | undefined {
  return /"code":\s*"([^"]+)"/.exec(text)?.[1]
}
