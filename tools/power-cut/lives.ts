import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Agent } from '../../packages/agent/src/agent.ts'
import { type Apps, openApps } from '../../packages/agent/src/apps/index.ts'
import type { Paths } from '../../packages/agent/src/disk/paths.ts'
import { defaultPatience, makeTransport } from '../../packages/agent/src/server/http.ts'
import type { World } from '../../packages/agent/src/world.ts'

/** The file that is shipped; a mutant of it has another name. */
export const shippedFile = resolve('build/steadfleet-agent.mjs')

/** One life of the agent over a state directory, and of the apps that it started. */
export interface Life {
  /** What it said so far, for who looks into a cut that came out wrong. */
  said(): string
  /** As a cut of power ends it: the agent at once and its apps with it. */
  end(): Promise<void>
}

export type Manifestation = 'shipped' | 'inside'

/** The two ways to live: the shipped file as a process, or the same sources in this one. */
export const lives: Readonly<Record<Manifestation, (paths: Paths) => Promise<Life>>> = {
  shipped: paths => liveShipped(paths),
  inside: liveInside,
}

/** `tracer` is a command that the agent's own comes behind. */
export async function liveShipped(
  paths: Paths,
  { file = shippedFile, tracer = [] }: { file?: string; tracer?: readonly string[] } = {},
): Promise<Life> {
  const [program = process.execPath, ...args] = [
    ...tracer,
    process.execPath,
    file,
    'run',
    '--state',
    paths.root,
    '--json',
  ]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', text => {
      said = (said + text).slice(-8000)
    })
  }
  return {
    said: () => said,
    async end() {
      await endProcess(child, paths)
      await endApps(paths)
    },
  }
}

/** The agent itself is the holder of its directory: behind a tracer it is not the child. */
async function endProcess(child: ChildProcess, paths: Paths): Promise<void> {
  const ended = new Promise(done => child.once('exit', done))
  if (child.exitCode !== null || child.signalCode !== null) return
  const holder = existsSync(paths.holder) ? Number(readFileSync(paths.holder, 'utf8')) : undefined
  const isTraced = holder !== undefined && holder !== child.pid && isChildOf(holder, child.pid)
  if (isTraced) process.kill(holder, 'SIGKILL')
  else child.kill('SIGKILL')
  // A tracer stays while what it follows lives, and apps outlive their agent.
  if (!isTraced) await ended
}

function isChildOf(pid: number, parent: number | undefined): boolean {
  try {
    return (
      Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) === parent
    )
  } catch {
    // Gone is no child.
    return false
  }
}

/** Ends what outlives the agent, as a cut of power would. */
async function endApps(paths: Paths): Promise<void> {
  const apps = await openApps({ stateDir: paths.root })
  await apps.adopt([])
  await apps.close()
}

async function liveInside(paths: Paths): Promise<Life> {
  const transport = makeTransport({ ...defaultPatience, headMs: 5000, idleMs: 5000 })
  const said: string[] = []
  const opened: Apps[] = []
  const agent = await Agent.start({
    paths,
    world: hastyWorld(line => said.push(line)),
    transport,
    openApps: async (stateDir, refuseDamaged) => {
      const apps = await openApps({ stateDir, refuseDamaged })
      opened.push(apps)
      return apps
    },
    pid: process.pid,
    attributes: {},
  })
  const ended = agent.ended.catch(error => said.push(String(error)))
  return {
    said: () => said.slice(-40).join('\n'),
    async end() {
      for (const apps of opened) await apps.adopt([])
      await agent.stop()
      await ended
      transport.close()
    },
  }
}

/** The world as it is, but that what waits long waits a twentieth: back-offs are not what is tested. */
function hastyWorld(say: (line: string) => void): World {
  return {
    now: () => new Date(),
    monotonic: () => performance.now(),
    random: () => 0,
    async sleep(milliseconds, stop) {
      const time = milliseconds > 1000 ? Math.max(50, milliseconds / 20) : milliseconds
      try {
        await wait(time, undefined, stop ? { signal: stop } : {})
      } catch (error) {
        stop?.throwIfAborted()
        throw error
      }
    },
    log: entry => say(JSON.stringify(entry)),
  }
}
