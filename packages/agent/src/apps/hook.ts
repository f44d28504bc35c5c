import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { constants } from 'node:os'
import { basename, join } from 'node:path'
import type { AppSpec, HookResult } from './apps.ts'
import { joiningFiles, killCgroup, makeCgroup, removeCgroup } from './cgroups.ts'
import { raiseWall } from './device-wall.ts'
import { diskBudgetOf, watchDisk } from './disk-budget.ts'
import { startBound } from './keeper.ts'
import { cgroupName } from './run-record.ts'
import { type Floor, limitsOf, prepareSandbox } from './sandboxes.ts'
import { wayOf } from './way.ts'

/** A command to run once in a sandbox like an app's own: same uid, data, tree, interfaces, limits. */
export interface Hook {
  readonly spec: AppSpec
  readonly command: readonly string[]
  readonly timeoutSeconds: number
  /** In which a folder for the run is made and taken away. */
  readonly folder: string
}

/** What timeout(1) says of a command that it ended. */
const timedOut = 124
const outputLines = 100
const outputBytes = 256 * 1024

/** Runs a hook to its end, or ends it when its time is up. It dies with the agent. */
export async function runHook(floor: Floor, hook: Hook): Promise<HookResult> {
  const { spec, command } = hook
  await mkdir(hook.folder, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(hook.folder, 'hook-'))
  const name = `${cgroupName(spec.package, spec.app)}.${basename(folder)}`
  const cgroup = makeCgroup(floor.homes, name, limitsOf(spec))
  try {
    const way = await wayOf(floor, spec)
    const inside = await prepareSandbox(floor, spec, { folder, command, way })
    raiseWall(cgroup, spec, floor.doors.sysfs)
    const budget = await diskBudgetOf(floor, spec)
    const child = startBound({ folder, joins: joiningFiles(cgroup), command: inside })
    const end = async () => {
      if (!(await killCgroup(cgroup))) child.kill('SIGKILL')
    }
    using _ = watchDisk(budget, () => void end().catch(error => child.emit('error', error)))
    return await collect(child, hook.timeoutSeconds, end)
  } finally {
    await removeCgroup(cgroup)
    await rm(folder, { recursive: true, force: true })
  }
}

async function collect(
  child: ChildProcess,
  timeoutSeconds: number,
  end: () => Promise<void>,
): Promise<HookResult> {
  let said = Buffer.alloc(0)
  const keep = (bytes: Buffer) => {
    said = Buffer.concat([said, bytes]).subarray(-outputBytes)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    end().catch((error: unknown) => child.emit('error', error))
  }, timeoutSeconds * 1000)
  try {
    const [code, signal] = await once(child, 'close')
    const output = toLines(said.toString('utf8'))
    if (isLate) return { exit: timedOut, output: [...output, `ended after ${timeoutSeconds} s`] }
    return { exit: code ?? 128 + numberOf(signal), output }
  } finally {
    clearTimeout(timer)
  }
}

function toLines(text: string): string[] {
  const lines = text.split('\n')
  return (lines.at(-1) === '' ? lines.slice(0, -1) : lines).slice(-outputLines)
}

function numberOf(signal: NodeJS.Signals): number {
  return constants.signals[signal]
}
