import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { Agent } from '../../packages/agent/src/agent.ts'
import { type Apps, openApps } from '../../packages/agent/src/apps/index.ts'
import { type Paths, pathsOf } from '../../packages/agent/src/disk/paths.ts'
import type { AgentOptions } from '../../packages/agent/src/parts.ts'
import { defaultPatience, makeTransport } from '../../packages/agent/src/server/http.ts'
import type { World } from '../../packages/agent/src/world.ts'
import { NotingApps } from './noting-apps.ts'
import { pretendReboot } from './reboot.ts'

/** One life in this process: what `resident.ts` asks of it by name. */
export interface ResidentLife {
  wordsOf(name: string): string[]
  said(): string
  end(): Promise<void>
}

export const residents: Readonly<Record<string, (root: string) => Promise<ResidentLife>>> = {
  inside: root => liveInside(pathsOf(root)),
  pretend: root => livePretended(pathsOf(root)),
}

async function liveInside(paths: Paths): Promise<ResidentLife> {
  pretendReboot(paths)
  const opened: Apps[] = []
  const { said, stop } = await startAgent(paths, 1, async (stateDir, refuseDamaged) => {
    const apps = await openApps({ stateDir, refuseDamaged })
    opened.push(apps)
    return apps
  })
  return {
    wordsOf: () => [],
    said,
    async end() {
      for (const apps of opened) await apps.adopt([])
      await stop()
    },
  }
}

async function livePretended(paths: Paths): Promise<ResidentLife> {
  const apps = new NotingApps()
  const { said, stop } = await startAgent(paths, 20, async (_, refuse) => apps.reopen(refuse))
  return { wordsOf: name => apps.wordsOf(name), said, end: stop }
}

async function startAgent(paths: Paths, haste: number, open: AgentOptions['openApps']) {
  const transport = makeTransport({ ...defaultPatience, headMs: 5000, idleMs: 5000 })
  const lines: string[] = []
  const agent = await Agent.start({
    paths,
    world: hastyWorld(haste, line => lines.push(line)),
    transport,
    openApps: open,
    pid: process.pid,
    boot: randomUUID(),
    attributes: {},
  })
  const ended = agent.ended.catch(error => lines.push(String(error)))
  const stop = async () => {
    await agent.stop()
    await ended
    transport.close()
  }
  return { said: () => lines.slice(-40).join('\n'), stop }
}

/**
 * The world as it is, but that time goes faster, and what waits long waits a twentieth of it: back-offs
 * are not what is tested.
 */
function hastyWorld(haste: number, say: (line: string) => void): World {
  return {
    now: () => new Date(),
    monotonic: () => performance.now() * haste,
    random: () => 0,
    async sleep(milliseconds, stop) {
      const asked = milliseconds / haste
      const time = asked > 1000 ? Math.max(50, asked / 20) : asked
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
