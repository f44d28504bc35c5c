import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Paths, pathsOf } from '../disk/paths.ts'
import type { PretendFleet, Release } from './pretend-fleet.test.ts'
import { endApps, run } from './shipped-agent.test.ts'

const rescuer = resolve('packages/rescuer/rescuer.sh')
export const agentFile = resolve('build/steadfleet-agent.mjs')
export const agentName = 'acme/agent'

/** A device as it is installed: the shipped agent, under the rescuer, started anew whenever it ends. */
export class LaunchedAgent implements AsyncDisposable {
  readonly home: string
  readonly paths: Paths
  readonly #environment: Record<string, string>
  #child: ChildProcess | undefined
  #loop: Promise<void> = Promise.resolve()
  #isStopping = false
  /** How often the rescuer was started. */
  starts = 0

  private constructor(home: string, environment: Record<string, string>) {
    this.home = home
    this.paths = pathsOf(join(home, 'state'))
    this.#environment = environment
  }

  static async join(
    fleet: PretendFleet,
    environment: Record<string, string> = {},
  ): Promise<LaunchedAgent> {
    const home = mkdtempSync(join(tmpdir(), 'steadfleet-launched-'))
    symlinkSync(agentFile, join(home, 'agent.mjs'))
    symlinkSync(process.execPath, join(home, 'node'))
    const device = new LaunchedAgent(home, environment)
    await run(['join', fleet.token, '--state', device.paths.root])
    device.launch()
    await fleet.until('its first report', () => fleet.reports[0])
    return device
  }

  /** Starts it, and starts it again at each end, as `Restart=always` of a unit does. */
  launch(): void {
    this.#isStopping = false
    this.#loop = this.#launchForever()
  }

  async #launchForever(): Promise<void> {
    while (!this.#isStopping) {
      this.starts += 1
      // Where it says that it lives.
      const own = { XDG_RUNTIME_DIR: this.home, ...this.#environment }
      const env = { ...process.env, ...own }
      const args = ['--home', this.home, '--json']
      this.#child = spawn('sh', [rescuer, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] })
      this.#child.stderr?.resume()
      await once(this.#child, 'exit')
    }
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.kill()
    await this.#loop
  }

  /** Which agent the pointer names: 64 digits, or `own`. */
  get current(): string {
    return this.line('current') || 'own'
  }

  line(name: string): string {
    try {
      return readFileSync(join(this.paths.agent, name), 'utf8').split('\n')[0] ?? ''
    } catch {
      return ''
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await endApps(this.paths)
    rmSync(this.home, { recursive: true, force: true })
  }
}

/** The shipped agent, with `first` done before anything else of it. */
export function agentThatFirst(first: string): string {
  const shipped = readFileSync(agentFile, 'utf8').split('\n')
  assert.match(shipped[0] ?? '', /^#!/)
  return [shipped[0], first, ...shipped.slice(1)].join('\n')
}

/** A release of the agent: the shipped one, with `first` said before anything else of it runs. */
export function publishAgent(
  fleet: PretendFleet,
  revision: number,
  first = '',
  stated: { startSeconds?: number; floor?: number } = {},
): Promise<Release> {
  const file = agentThatFirst(`/* ${revision} */ ${first}`)
  const health = { exec: ['x'], 'start-seconds': stated.startSeconds ?? 60 }
  const behaviour = {
    apps: { agent: { command: ['steadfleet-agent.mjs'], health } },
    interfaces: [{ interface: 'agent' }],
  }
  const floor = stated.floor === undefined ? {} : { floor: stated.floor }
  return fleet.publish(
    agentName,
    revision,
    { 'steadfleet-agent.mjs': file },
    { behaviour, ...floor },
  )
}
