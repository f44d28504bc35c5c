import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A real server process on one data directory and a port that was free. */
export interface ServerProcess {
  readonly origin: string
  readonly pid: number
  /** Everything it has logged so far. */
  log(): string
  /** Resolves when it has logged this text. */
  hasLogged(text: string): Promise<void>
  /** Ends it as a person does, or as a power cut does; resolves with its exit code. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>
}

const program = join(import.meta.dirname, '../main.ts')

export async function startServer(
  data: string,
  port = 0,
  more: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const child = spawn(
    process.execPath,
    [program, '--data', data, '--listen', `127.0.0.1:${port}`, ...more],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } },
  )
  const log: string[] = []
  child.stderr?.on('data', chunk => log.push(String(chunk)))
  const origin = await originOf(child, log)
  return {
    origin,
    pid: child.pid ?? 0,
    log: () => log.join(''),
    async hasLogged(text) {
      while (!log.join('').includes(text)) {
        await once(child.stderr, 'data', { signal: AbortSignal.timeout(10_000) })
      }
    },
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      const hasEnded = once(child, 'close')
      child.kill(signal)
      await hasEnded
      return child.exitCode
    },
  }
}

/** What a server that refuses to start says, and how it ends. */
export async function refusedServer(data: string): Promise<{ exit: number | null; said: string }> {
  const child = spawn(process.execPath, [program, '--data', data, '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said: string[] = []
  child.stderr?.on('data', chunk => said.push(String(chunk)))
  await once(child, 'close')
  return { exit: child.exitCode, said: said.join('') }
}

async function originOf(child: ChildProcess, log: readonly string[]): Promise<string> {
  if (!child.stdout) throw new TypeError('the server has no output')
  const lines = createInterface({ input: child.stdout })
  const line = await Promise.race([
    once(lines, 'line').then(([text]) => String(text)),
    once(child, 'close').then(() => undefined),
  ])
  if (line === undefined) throw new Error(`the server did not start: ${log.join('')}`)
  const ready: { origins: string[] } = JSON.parse(line)
  return ready.origins[0] ?? ''
}
