import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { CodedError, type Digest, digestFromHex, isCoded, toHexDigest } from '@steadfleet/base'
import type { Paths } from '../disk/paths.ts'
import { AgentError, asCoded } from '../error.ts'
import { applyDelta, type DeltaJob } from './apply-delta.ts'
import { ObjectStore } from './objects.ts'

/** The command of the agent that {@link runDeltaProcess} runs; it is none for people. */
export const deltaCommand = 'apply-delta'

/** A small young generation, and code that is made quickly rather than quick: 75 MB at the peak, not 100. */
const thrift = ['--max-semi-space-size=1', '--optimize-for-size', '--no-opt']

/** The agent's one file; in the checkout each module is a file of its own. */
const program =
  basename(import.meta.filename) === 'delta-process.ts'
    ? join(import.meta.dirname, '../main.ts')
    : import.meta.filename

/**
 * {@link applyDelta} in a process of its own, which compiles what the agent only interprets, holds up
 * nobody, and gives back its memory when it ends. Its faults are thrown as they were.
 */
export async function* runDeltaProcess(
  paths: Paths,
  job: DeltaJob,
  stop: AbortSignal,
): AsyncGenerator<Digest> {
  stop.throwIfAborted()
  const words = [...thrift, program, deltaCommand, '--state', paths.root]
  // Its memory is not allocated as an agent's that waits: `MALLOC_MMAP_THRESHOLD_` would make it slow.
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'pipe'], env: {} })
  const ended = once(child, 'close')
  const kill = () => void child.kill('SIGKILL')
  stop.addEventListener('abort', kill, { once: true })
  try {
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL)
    child.stdin.on('error', () => undefined).write(`${JSON.stringify(job)}\n`)
    const said: string[] = []
    child.stderr.setEncoding('utf8').on('data', text => said.push(text))
    for await (const line of createInterface({ input: child.stdout })) yield readLine(line)
    await ended
    stop.throwIfAborted()
    if (child.exitCode !== 0) throw faultOf(child.exitCode ?? child.signalCode, said.join(''))
  } finally {
    stop.removeEventListener('abort', kill)
    kill()
    await ended
  }
}

function readLine(line: string): Digest {
  if (line.startsWith('{')) {
    const { code, message, details } = JSON.parse(line)
    throw new CodedError(code, message, details)
  }
  return digestFromHex(line)
}

function faultOf(end: number | string | null, said: string): AgentError {
  const last = said.trim().split('\n').slice(-1).join('').slice(0, 200)
  const message = `cannot apply a delta: its process ended with ${end}: ${last}`
  return new AgentError('agent/tool', message)
}

/** The other side of {@link runDeltaProcess}: a job comes in, digests or one fault go out. */
export async function serveDeltaProcess(paths: Paths): Promise<number> {
  // Its standard input is the leash too: it ends with the agent, also after a kill.
  const lines = createInterface({ input: process.stdin })
  lines.once('close', () => process.exit(1))
  const [job] = await once(lines, 'line')
  try {
    for await (const digest of applyDelta(new ObjectStore(paths), JSON.parse(job))) {
      process.stdout.write(`${toHexDigest(digest)}\n`)
    }
    return exitWith('', 0)
  } catch (error) {
    const { code, message, details } = isCoded(error) ? error : asCoded(error)
    return exitWith(`${JSON.stringify({ code, message, details })}\n`, 1)
  }
}

/** What was said must be out before the process is: its input would keep it. */
async function exitWith(said: string, code: number): Promise<never> {
  await new Promise(written => process.stdout.write(said, written))
  process.exit(code)
}
