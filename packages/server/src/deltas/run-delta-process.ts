import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import type { DeltaJob, DeltaOutcome } from './delta-job.ts'

const program = join(import.meta.dirname, 'delta-process.ts')

/** How a job ended: as the process said, ended by the signal or the deadline, or by a fault of its own. */
export type DeltaEnd = DeltaOutcome | 'unwanted' | 'too slow' | { readonly fault: string }

/** Makes a delta in a process of its own that everyone else goes before; ends it when told to stop. */
export async function runDeltaProcess(
  job: DeltaJob & { readonly deadlineMs: number },
  unwanted: AbortSignal,
): Promise<DeltaEnd> {
  const deadline = AbortSignal.timeout(job.deadlineMs)
  const stop = AbortSignal.any([unwanted, deadline])
  const child = spawn(process.execPath, [program, JSON.stringify(job)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const said: string[] = []
  const errors: string[] = []
  child.stdout.on('data', chunk => said.push(String(chunk)))
  child.stderr.on('data', chunk => errors.push(String(chunk)))
  child.stdin.on('error', () => undefined)
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL)
  const end = () => void child.kill('SIGKILL')
  stop.addEventListener('abort', end, { once: true })
  if (stop.aborted) end()
  try {
    await once(child, 'close')
  } finally {
    stop.removeEventListener('abort', end)
  }
  if (child.exitCode === 0) return said.join('') as DeltaOutcome
  if (unwanted.aborted) return 'unwanted'
  if (deadline.aborted) return 'too slow'
  return { fault: errors.join('') || `ended by ${child.signalCode ?? child.exitCode}` }
}
