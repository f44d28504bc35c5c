import { realpath } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { digestFromHex } from '@steadfleet/base'
import { runTool } from '../disk/durable.ts'
import type { Paths } from '../disk/paths.ts'
import type { AgentName } from './agent-files.ts'
import type { SelfFacts } from './self.ts'

/** What this process is: from which tree it runs, and whether the rescuer started it. */
export async function thisProcess(
  paths: Paths,
  environment: Readonly<Record<string, string | undefined>>,
  warn: (message: string) => void,
): Promise<SelfFacts> {
  const { NOTIFY_SOCKET, STEADFLEET_LAUNCHED } = environment
  return {
    running: await runningFrom(paths),
    isLaunched: STEADFLEET_LAUNCHED !== undefined,
    // Node has no datagram sockets of the local kind. sd_notify(3)
    tellReady: async () => {
      if (NOTIFY_SOCKET)
        await runTool('systemd-notify', ['--ready']).catch(error => warn(`${error}`))
    },
  }
}

async function runningFrom({ trees }: Paths): Promise<AgentName> {
  const folder = dirname(import.meta.filename)
  const name = basename(folder)
  const isTree = /^[0-9a-f]{64}$/.test(name) && (await isSame(dirname(folder), trees))
  return isTree ? digestFromHex(name) : 'own'
}

async function isSame(a: string, b: string): Promise<boolean> {
  const real = (path: string) => realpath(path).catch(() => path)
  return (await real(a)) === (await real(b))
}
