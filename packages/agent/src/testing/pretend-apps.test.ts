import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AppStatus, IsolationPolicy, PackageName } from '@steadfleet/domain'
import type { AppExit, AppLine, AppSpec, Apps, AppsOptions, HookResult } from '../apps/index.ts'
import { isDamage } from '../error.ts'

/** How an app of a release behaves: what its tree's `bin/main` says, as one word. */
type Manner = 'well' | 'sick' | 'dies' | 'fails to start'

/** Apps without processes: they run in this object, and outlive the agent as long as it does. */
export class PretendApps implements Apps {
  readonly isolations: IsolationPolicy[] = []
  readonly running = new Map<string, AppSpec>()
  readonly calls: string[] = []
  /** What the `migrate` hook does to the data. */
  migrate: (spec: AppSpec) => HookResult = () => ({ exit: 0, output: [] })
  #exits: ((exit: AppExit) => void)[] = []
  #followers = new Set<(line: AppLine) => void>()
  #restarts = new Map<string, number>()
  #refuseDamaged: AppsOptions['refuseDamaged']
  /** What may not start yet. */
  #waiting = new Map<string, AppSpec>()

  /** Begins a new life of the supervisor over the same apps. */
  reopen(refuseDamaged?: AppsOptions['refuseDamaged']): this {
    this.#exits = []
    this.#refuseDamaged = refuseDamaged
    this.#waiting.clear()
    return this
  }

  async start(spec: AppSpec): Promise<void> {
    await this.#refuseDamaged?.(spec)
    this.calls.push(`start ${spec.package} ${spec.revision}`)
    if (mannerOf(spec) === 'fails to start') throw new Error('cannot start: no such program')
    if (!existsSync(spec.data)) throw new Error(`cannot start: no data at ${spec.data}`)
    readFileSync(spec.settings)
    const note = join(spec.data, 'history')
    const before = existsSync(note) ? readFileSync(note, 'utf8') : ''
    writeFileSync(note, `${before}${spec.revision} `)
    this.running.set(`${spec.package} ${spec.app}`, spec)
  }

  async keep(spec: AppSpec): Promise<void> {
    try {
      await this.start(spec)
    } catch (error) {
      if (!isDamage(error)) throw error
      this.#waiting.set(`${spec.package} ${spec.app}`, spec)
    }
  }

  async retry(packageName: PackageName): Promise<void> {
    for (const [key, spec] of this.#waiting) {
      if (spec.package !== packageName) continue
      this.#waiting.delete(key)
      await this.keep(spec)
    }
  }

  async stop(packageName: PackageName): Promise<void> {
    this.calls.push(`stop ${packageName}`)
    for (const [key, spec] of this.running)
      if (spec.package === packageName) this.running.delete(key)
    for (const [key, spec] of this.#waiting)
      if (spec.package === packageName) this.#waiting.delete(key)
  }

  async adopt(specs: readonly AppSpec[]): Promise<void> {
    const wanted = new Set(specs.map(spec => `${spec.package} ${spec.app}`))
    for (const key of this.running.keys()) if (!wanted.has(key)) this.running.delete(key)
    for (const spec of specs) {
      const running = this.running.get(`${spec.package} ${spec.app}`)
      if (running?.tree === spec.tree && running.data === spec.data) continue
      await this.keep(spec)
    }
  }

  status(): readonly AppStatus[] {
    return [...this.running].map(([key, spec]) => ({
      package: spec.package,
      app: spec.app,
      state: 'running' as const,
      restarts: this.#restarts.get(key) ?? 0,
    }))
  }

  async health(packageName: PackageName): Promise<{ ok: boolean; why: string }> {
    for (const [key, spec] of this.running) {
      if (spec.package !== packageName) continue
      const manner = mannerOf(spec)
      if (manner === 'sick') return { ok: false, why: 'cannot connect' }
      if (manner === 'dies') this.#die(key, spec)
    }
    return { ok: true, why: 'well' }
  }

  #die(key: string, spec: AppSpec): void {
    this.#restarts.set(key, (this.#restarts.get(key) ?? 0) + 1)
    const log = ['it was fine', 'then it was not']
    for (const listener of this.#exits) {
      listener({ ...spec, exit: 3, log, values: spec.values, outOfMemory: false })
    }
  }

  async hook(spec: AppSpec): Promise<HookResult> {
    this.calls.push(`hook ${spec.package}`)
    return this.migrate(spec)
  }

  async log(): Promise<string[]> {
    return ['a line of the log']
  }

  onExit(listener: (exit: AppExit) => void): void {
    this.#exits.push(listener)
  }

  onTrouble(): void {
    // Pretended apps make none.
  }

  onAttempts(): void {
    // They have no network to try anything in.
  }

  /** These are confined by nothing, and lack nothing. */
  async require(): Promise<undefined> {
    return undefined
  }

  async isolate(isolation: IsolationPolicy): Promise<void> {
    this.isolations.push(isolation)
  }

  follow(listener: (line: AppLine) => void): () => void {
    this.#followers.add(listener)
    return () => void this.#followers.delete(listener)
  }

  print(line: AppLine): void {
    for (const follower of this.#followers) follower(line)
  }

  describeConfinement(): Readonly<Record<string, string>> {
    return { confinement: 'pretended' }
  }

  async close(): Promise<void> {
    this.#exits = []
  }
}

function mannerOf(spec: AppSpec): Manner {
  return readFileSync(join(spec.tree, 'bin/main'), 'utf8').trim() as Manner
}
