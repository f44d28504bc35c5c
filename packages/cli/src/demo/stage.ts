import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createEnrolmentToken, type DeviceView, listDevices } from '@steadfleet/protocol'
import { CliError } from '../error.ts'
import { connect } from '../fleet/connect.ts'
import { type Home, saveHome } from '../fleet/home.ts'
import type { Fleet } from '../fleet/open.ts'
import { buildAgentIfStale } from '../process/agent-build.ts'
import { agentEnvironment, programs } from '../process/checkout.ts'
import { type Child, launch } from '../process/child.ts'
import { nameProcess } from '../process/living.ts'
import { run } from '../process/run.ts'
import type { World } from '../world.ts'
import { deviceNumbers } from './ground.ts'
import { openRunFile, type RunFile } from './run-file.ts'
import { openScene, type Scene } from './scene.ts'
import { type RunningServer, startServer } from './server.ts'
import { openWatch, type Watch } from './watch.ts'
import { type RunningWitness, startWitnesses } from './witnesses.ts'

/** What kind of device all of them are. */
export const deviceModel = 'acme/greenhouse-box'

/** One device of the demo. */
export interface Actor {
  readonly number: number
  readonly name: string
  /** Where its app answers. */
  readonly url: string
}

/**
 * Everything that a demo starts and must end. A class because it lives as long as they do: what is
 * opened first is closed last.
 */
export class Stage {
  readonly scene: Scene
  readonly world: World
  readonly actors: readonly Actor[]
  readonly #runFile: RunFile
  readonly #agents = new Map<number, Child>()
  #witnesses: readonly RunningWitness[] = []
  #running: RunningServer | undefined
  #fleet: Fleet | undefined
  #watch: Watch | undefined

  private constructor(scene: Scene, world: World, runFile: RunFile) {
    this.scene = scene
    this.world = world
    this.#runFile = runFile
    this.actors = deviceNumbers.map(number => {
      const { host, port } = scene.ground.place(number)
      return { number, name: `greenhouse-${number}`, url: `http://${host}:${port}` }
    })
  }

  /** Opens the demo of a folder, and clears what an earlier one that crashed has left. */
  static async open(directory: string, world: World): Promise<Stage> {
    await buildAgentIfStale()
    const scene = await openScene(directory, world.isRoot)
    const own = nameProcess(process.pid)
    if (!own) throw new CliError('cli/demo', 'cannot start the demo: this machine has no /proc')
    const stage = new Stage(scene, world, await openRunFile(scene.runFile, own))
    await stage.#clear()
    return stage
  }

  /** The fleet, once its server runs. */
  get fleet(): Fleet {
    if (this.#fleet) return this.#fleet
    throw new CliError('cli/demo', 'cannot ask the server: it does not run')
  }

  get watch(): Watch {
    if (this.#watch) return this.#watch
    throw new CliError('cli/demo', 'cannot watch the fleet: its server does not run')
  }

  /** Starts the witnesses of the fleet's log, each as a user of its own where that can be. */
  async startWitnesses(): Promise<readonly RunningWitness[]> {
    this.#witnesses = await startWitnesses(this.scene, this.world)
    for (const { child } of this.#witnesses) await this.#record(child)
    return this.#witnesses
  }

  /** Starts the server where the scene says, and a client that speaks to it. */
  async startServer(home: Home): Promise<void> {
    await this.scene.ground.open()
    this.#running = await startServer(this.scene, this.world)
    for (const child of this.#serverProcesses()) await this.#record(child.child)
    const known = { ...home, server: this.scene.origin }
    await saveHome(known)
    this.#fleet = { home: known, client: await connect(known) }
    this.#watch = openWatch(this.#fleet, this.world)
  }

  /** Whether the device has a key and a fleet from an earlier time. */
  hasJoined({ number }: Actor): boolean {
    return existsSync(join(this.scene.deviceDirectory(number), 'identity', 'enrolment.json'))
  }

  /** Joins a device with a one-time token, which is asked for at the address that devices use. */
  async join(actor: Actor): Promise<void> {
    const { home } = this.fleet
    const client = await connect({ ...home, server: this.scene.deviceOrigin })
    const { token } = await client.call(createEnrolmentToken, {
      params: { fleet: home.fleet },
      body: { 'valid-seconds': 600 },
    })
    const [program = '', ...words] = this.#agentCommand(
      actor,
      ['join', token],
      ['--name', actor.name, '--model', deviceModel],
    )
    await run(program, words)
  }

  /** Starts a device's agent and waits until it says that it is ready. */
  async startAgent(actor: Actor): Promise<Child> {
    const agent = launch({
      name: `the agent of ${actor.name}`,
      command: this.#agentCommand(actor, ['run']),
      environment: agentEnvironment,
      log: this.scene.logOf(actor.name),
      isReady: line => line.includes('"ready":true'),
    })
    this.#agents.set(actor.number, agent)
    await this.#record(agent)
    await agent.first
    return agent
  }

  agentOf({ number }: Actor): Child {
    const agent = this.#agents.get(number)
    if (agent) return agent
    throw new CliError('cli/demo', `cannot find the agent of device ${number}: it does not run`)
  }

  /** The devices of the story; others may have joined its fleet since. */
  async devices(): Promise<DeviceView[]> {
    const { home, client } = this.fleet
    const all = await client.call(listDevices, { params: { fleet: home.fleet } })
    return all.filter(({ name }) => this.actors.some(actor => actor.name === name))
  }

  async deviceOf(actor: Actor): Promise<DeviceView> {
    const found = (await this.devices()).find(({ name }) => name === actor.name)
    if (found) return found
    throw new CliError('cli/demo', `cannot find ${actor.name}: it has not joined`)
  }

  /** Whether the keys are another user's than the web process's. */
  get isSignerApart(): boolean {
    return this.#running?.signer !== undefined
  }

  #serverProcesses(): { readonly name: string; readonly child: Child }[] {
    const { server, signer } = this.#running ?? {}
    return [
      ...(server ? [{ name: 'the server', child: server }] : []),
      ...(signer ? [{ name: 'the signer', child: signer }] : []),
    ]
  }

  /** Settles never while all is well; rejects where the server or an agent ends by itself. */
  async watchProcesses(): Promise<never> {
    const agents = this.actors.map(actor => ({ name: actor.name, child: this.agentOf(actor) }))
    const gone = [...this.#witnesses, ...this.#serverProcesses(), ...agents].map(
      async ({ name, child }) => {
        const { code, signal } = await child.ended
        return `${name} ended by ${signal ?? `exit ${code}`}`
      },
    )
    throw new CliError('cli/process', `cannot serve on: ${await Promise.race(gone)}`)
  }

  /** Ends everything in the opposite order: agents, their apps, the server, witnesses, the network. */
  async close(): Promise<void> {
    this.#watch?.close()
    await allOf([
      () => Promise.all([...this.#agents.values()].map(agent => agent.stop(10_000))),
      () => this.#endApps(),
      () => this.#running?.server.stop(10_000),
      () => this.#running?.signer?.stop(10_000),
      () => Promise.all(this.#witnesses.map(({ child }) => child.stop(10_000))),
      () => this.scene.ground.close(),
    ])
    await this.#runFile.remove()
  }

  /** What a demo that crashed left without a process of its own that the run file could name. */
  async #clear(): Promise<void> {
    await this.#endApps()
    await this.scene.ground.close()
  }

  /** Apps outlive their agents by design. */
  async #endApps(): Promise<void> {
    for (const actor of this.actors.filter(one => this.hasJoined(one))) {
      const state = this.scene.deviceDirectory(actor.number)
      await run(process.execPath, [programs.builtAgent, 'down', '--state', state])
    }
  }

  #agentCommand(
    { number }: Actor,
    words: readonly string[],
    options: readonly string[] = [],
  ): readonly string[] {
    const state = ['--state', this.scene.deviceDirectory(number), '--json']
    const agent = [process.execPath, programs.builtAgent, ...words, ...state, ...options]
    return this.scene.ground.place(number).wrap(agent)
  }

  async #record({ pid }: Child): Promise<void> {
    const name = nameProcess(pid)
    if (name) await this.#runFile.add(name)
  }
}

/** Takes every step, also after one that failed, and then throws what failed first. */
async function allOf(steps: readonly (() => Promise<unknown> | undefined)[]): Promise<void> {
  const faults: unknown[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (fault) {
      faults.push(fault)
    }
  }
  if (faults.length > 0) throw faults[0]
}
