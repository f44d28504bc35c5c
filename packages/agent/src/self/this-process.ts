import { writeFileSync } from 'node:fs'
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
  const { NOTIFY_SOCKET, STEADFLEET_LAUNCHED, STEADFLEET_BEAT } = environment
  if (STEADFLEET_BEAT) beat(STEADFLEET_BEAT, warn)
  return {
    running: await runningFrom(paths),
    isLaunched: STEADFLEET_LAUNCHED !== undefined,
    // Node has no datagram sockets of the local kind. sd_notify(3)
    tellReady: async () => {
      if (NOTIFY_SOCKET === undefined) return
      const environment = { NOTIFY_SOCKET }
      await runTool('systemd-notify', ['--ready'], { environment }).catch(error => warn(`${error}`))
    },
  }
}

/** The rescuer ends an agent whose file stays the same for `STEADFLEET_HANG_SECONDS`. */
const beatMs = 20_000

/** A sign of life, again and again, from the loop in which everything else is done. */
function beat(path: string, warn: (message: string) => void): void {
  let count = 0
  const write = () => {
    count += 1
    try {
      writeFileSync(path, `${count}\n`)
    } catch (error) {
      // What cannot be written is not waited for: the rescuer counts only what it could read.
      if (count === 1) warn(`cannot write ${path}: ${error}`)
    }
  }
  write()
  setInterval(write, beatMs).unref()
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
