import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '@steadfleet/base'
import { type GenerationPackage, Halted, type Sight } from '@steadfleet/engine'
import { type Floors, packageFloor } from '@steadfleet/trust'
import { runTool } from '../disk/durable.ts'
import { type Paths, treePath } from '../disk/paths.ts'
import { AgentError } from '../error.ts'
import { digestOfFile } from '../store/download.ts'
import { AgentFiles, type AgentName, type Rescue, type Trial } from './agent-files.ts'
import { agentFile } from './agent-package.ts'

/** What this process is, as far as it can know, and how it ends. */
export interface SelfFacts {
  /** The tree that this process runs from. */
  readonly running: AgentName
  /** Something starts the agent that the pointer names whenever this process ends. */
  readonly isLaunched: boolean
  /** Says to whoever launched this process that it works. */
  readonly tellReady: () => Promise<void>
}

/** An agent that nobody launches again: it runs as it is, and takes no other in its place. */
export const unlaunched: SelfFacts = {
  running: 'own',
  isLaunched: false,
  tellReady: async () => undefined,
}

/** The agent as a package of its own: which one runs, how another takes its place, and the way back. */
export class Self {
  readonly files: AgentFiles
  readonly facts: SelfFacts
  readonly #boot: string
  readonly #paths: Paths
  readonly #leave: () => void
  readonly #isOnTrial: boolean
  /** What the rescuer did before this start. */
  readonly rescues: readonly Rescue[]
  readonly #restarts: number
  #well: string | undefined

  private constructor(
    paths: Paths,
    files: AgentFiles,
    { facts, boot, leave, rescues, trial }: Found,
  ) {
    this.#paths = paths
    this.#leave = leave
    this.files = files
    this.facts = facts
    this.#boot = boot
    this.rescues = rescues
    this.#isOnTrial = trial?.tree === facts.running
    this.#restarts = trial?.restarts ?? 0
  }

  /** `leave` halts this agent at once; whoever launched it starts the one that is pointed to by then. */
  static async open(
    paths: Paths,
    facts: SelfFacts,
    { boot, leave }: Pick<Found, 'boot' | 'leave'>,
  ): Promise<Self> {
    const files = new AgentFiles(paths)
    const trial = nextTrial(await files.trial(), facts.running, boot)
    if (trial) await files.setTrial(trial)
    return new Self(paths, files, { facts, boot, leave, rescues: await files.rescues(), trial })
  }

  get running(): AgentName {
    return this.facts.running
  }

  /** Why this start counts as healthy; undefined until it does. */
  get well(): string | undefined {
    return this.#well
  }

  /** Begins the trial of another agent: points to it and ends this one. Done where this is the one. */
  async become(one: GenerationPackage, again: boolean, stop: AbortSignal): Promise<void> {
    const tree = one.tree.digest
    if (this.running === tree) return
    this.#refuseUnlaunched(one)
    if (again) this.#refuseRescued(one)
    const sum = await this.#tryOut(one)
    await this.files.setTrial({ tree, boot: this.#boot, restarts: 0, ended: true })
    const { package: name, revision, version } = one
    stop.throwIfAborted()
    await this.files.point({ tree, package: name, revision, version }, sum, this.running)
    this.#halt()
  }

  /** Ends the trial of `tree`, if there was one: points back, and ends this process where it is that. */
  async goBack({ tree }: GenerationPackage): Promise<void> {
    if ((await this.files.current()) === tree.digest) await this.files.pointBack()
    if (this.running === tree.digest) this.#halt()
    await this.files.setTrial(undefined)
    await this.files.forgetRescues()
  }

  /** One look at the agent that is on trial. */
  look({ package: name, tree }: GenerationPackage): Sight {
    if (this.running !== tree.digest) {
      const why = this.#whyNot(tree.digest)
      return { package: name, state: 'down', restarts: 0, healthy: false, why }
    }
    const healthy = this.#well !== undefined
    const why = this.#well ?? 'it has not reached its fleet yet'
    const state = healthy ? 'up' : 'starting'
    return { package: name, state, restarts: this.#restarts, healthy, why }
  }

  /** What ran before, and is not on trial, is healthy as soon as it has begun to work. */
  async begin(): Promise<void> {
    if (!this.#isOnTrial) await this.setWell('it is not on trial')
  }

  /** This start is healthy: told to the rescuer, and to whoever launched it. */
  async setWell(why: string): Promise<void> {
    if (this.#well !== undefined) return
    this.#well = why
    await this.files.setHealthy()
    await this.facts.tellReady()
  }

  /** Under this generation, with no change under way, this agent is what the rescuer may come back to. */
  async prove(generation: number, floors: Floors): Promise<void> {
    const before = await this.files.previous()
    const known = (await this.files.known()).find(one => one.tree === before)
    const floor = known && floors.get(packageFloor(known.package))
    if (floor !== undefined && known && known.revision < floor) await this.files.dropPrevious()
    await this.files.prove(this.running, generation)
    await this.files.setTrial(undefined)
    await this.setWell('its change has committed')
  }

  /** An orderly end is no fall. */
  async close(): Promise<void> {
    const trial = await this.files.trial()
    if (trial?.tree === this.running) await this.files.setTrial({ ...trial, ended: true })
  }

  /** Nothing after it is done in this life. */
  #halt(): never {
    this.#leave()
    throw new Halted()
  }

  #refuseUnlaunched({ package: name }: GenerationPackage): void {
    if (this.facts.isLaunched) return
    const message = `cannot run ${name} as the agent: no rescuer starts the agent here`
    throw new AgentError('agent/not-launched', message, { package: name })
  }

  #refuseRescued({ package: name, tree }: GenerationPackage): void {
    if (!this.rescues.some(one => one.kind === 'agent' && one.from === tree.digest)) return
    const message = `cannot run ${name} as the agent: ${this.#whyNot(tree.digest)}`
    throw new AgentError('agent/rescued', message, { package: name })
  }

  #whyNot(tree: AgentName): string {
    const rescue = this.rescues.find(one => one.kind === 'agent' && one.from === tree)
    if (rescue === undefined) return 'another agent runs'
    if (rescue.kind === 'agent' && rescue.isChanged) return 'its file was not what it was'
    return `the rescuer went back from it after ${rescue.starts} starts that did not become healthy`
  }

  /** Before anything ends: its file is there, and its runtime can read it. Yields what the file is. */
  async #tryOut({ package: name, tree }: GenerationPackage): Promise<Digest> {
    const folder = treePath(this.#paths, tree.digest)
    const file = join(folder, agentFile)
    const node = join(folder, 'bin/node')
    const message = `cannot run ${name} as the agent: its tree has no ${agentFile}`
    if (!(await isFile(file))) throw new AgentError('agent/record', message, { package: name })
    await runTool((await isFile(node)) ? node : process.execPath, [file, 'help'])
    return digestOfFile(file)
  }
}

interface Found {
  readonly facts: SelfFacts
  /** Which start of the machine this is. */
  readonly boot: string
  readonly leave: () => void
  readonly rescues: readonly Rescue[]
  readonly trial: Trial | undefined
}

/** One more start of the agent on trial. A machine that was switched off says nothing against it. */
function nextTrial(held: Trial | undefined, running: AgentName, boot: string): Trial | undefined {
  if (held?.tree !== running) return undefined
  const hasFallen = held.boot === boot && !held.ended
  return { tree: running, boot, restarts: held.restarts + (hasFallen ? 1 : 0), ended: false }
}

async function isFile(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  return found?.isFile() ?? false
}
