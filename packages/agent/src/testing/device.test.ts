import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Conditions } from '@steadfleet/engine'
import { Agent } from '../agent.ts'
import { type Paths, pathsOf } from '../disk/paths.ts'
import type { Say } from '../say/open-say.ts'
import { joinFleet } from '../server/enrol.ts'
import { defaultPatience, makeTransport, type Patience } from '../server/http.ts'
import { parseToken } from '../trust/enrolment.ts'
import type { LogEntry, World } from '../world.ts'
import { PretendApps } from './pretend-apps.test.ts'
import type { PretendFleet } from './pretend-fleet.test.ts'

/** A device of a pretend fleet: a real agent over a real directory, with pretend apps. */
export class TestDevice implements AsyncDisposable {
  readonly paths: Paths
  readonly apps = new PretendApps()
  readonly logged: LogEntry[] = []
  readonly #directory: string
  readonly #patience: Patience
  clockOffsetMs = 0
  /** How much faster than the world's the time of this device goes. */
  haste = 1
  /** Which start of the pretended machine this is. */
  boot = 'first'
  agent: Agent | undefined
  conditions: Conditions = { isMetered: false }
  /** Of whose members it takes answers. */
  group: number | undefined
  #transport = makeTransport()

  private constructor(directory: string, root: string, patience: Patience) {
    this.#directory = directory
    this.paths = pathsOf(root)
    this.#patience = patience
  }

  /** Joins the fleet and starts. `root` is the state directory where it must lie somewhere special. */
  static async join(
    fleet: PretendFleet,
    { root, patience = quick }: { root?: string; patience?: Patience } = {},
  ): Promise<TestDevice> {
    const directory = await mkdtemp(join(tmpdir(), 'steadfleet-agent-'))
    const device = new TestDevice(directory, root ?? join(directory, 'state'), patience)
    device.#transport = makeTransport(patience)
    await joinFleet(device.paths, device.#transport, {
      token: parseToken(fleet.token),
      name: 'test device',
      model: '',
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      seed: new Uint8Array(32).fill(42),
    })
    await device.start()
    await fleet.until('the first report', () => fleet.reports[0])
    return device
  }

  /** A device over a state directory that is there already; not started yet. */
  static at(root: string, patience: Patience = quick): TestDevice {
    return new TestDevice(root, root, patience)
  }

  async start(): Promise<void> {
    this.#transport = makeTransport(this.#patience)
    this.agent = await Agent.start({
      paths: this.paths,
      world: this.world,
      transport: this.#transport,
      openApps: async (_, refuseDamaged) => this.apps.reopen(refuseDamaged),
      pid: process.pid,
      boot: this.boot,
      attributes: {},
      conditions: () => this.conditions,
      zone: () => 'UTC',
      group: this.group,
    })
  }

  get world(): World {
    return {
      now: () => new Date(Date.now() + this.clockOffsetMs),
      monotonic: () => performance.now() * this.haste,
      random: () => 0,
      sleep: (milliseconds, stop) => sleepFast(milliseconds / this.haste, stop),
      log: entry => void this.logged.push(entry),
    }
  }

  get say(): Say {
    const { agent } = this
    assert.ok(agent, 'the agent runs')
    return agent.say
  }

  async stop(): Promise<void> {
    await this.agent?.stop()
    this.agent = undefined
    this.#transport.close()
  }

  /** Nothing that nobody foresaw may have happened, whatever else the story was. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.#directory, { recursive: true, force: true })
    assert.deepEqual(
      this.logged.filter(entry => entry.code === 'agent/fault'),
      [],
    )
  }
}

const quick: Patience = { ...defaultPatience, headMs: 1000, idleMs: 1000, streamMs: 2000 }

/** Waits a twentieth of what was asked for, so that back-offs do not make tests slow. */
async function sleepFast(milliseconds: number, stop?: AbortSignal): Promise<void> {
  try {
    const time = milliseconds > 1000 ? Math.max(50, milliseconds / 20) : milliseconds
    await wait(time, undefined, stop ? { signal: stop } : {})
  } catch (error) {
    stop?.throwIfAborted()
    throw error
  }
}
