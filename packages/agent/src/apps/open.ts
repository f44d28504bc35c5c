import { mkdir, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { AppStatus, IsolationPolicy, PackageName } from '@steadfleet/domain'
import type { Attempts, Networks } from '../network/index.ts'
import type {
  AppExit,
  AppLine,
  AppSpec,
  Apps,
  AppsOptions,
  AppTrouble,
  HealthVerdict,
  HookResult,
} from './apps.ts'
import { describeFloor, describeNoFloor, describeWeaker } from './describe.ts'
import { AppsError, messageOf } from './error.ts'
import { leaveFloor } from './floor.ts'
import { Follower } from './follower.ts'
import { healthOf, type RunInside } from './health.ts'
import { runHook } from './hook.ts'
import { isTaking } from './opened/exchange.ts'
import type { Doors } from './opened/opened.ts'
import { lastLines, ownLines } from './output.ts'
import { provenFloor } from './proven-floor.ts'
import { lackingOf, refuseLacking } from './requirements.ts'
import { defaultBackOff } from './restart.ts'
import { isSameSpec, readRecord, readRecords, runFolder } from './run-record.ts'
import type { Floor } from './sandboxes.ts'
import { SupervisedApp, type Supervision } from './supervised-app.ts'

/**
 * Opens the apps of a state directory: finds out how they can be confined here and proves it once.
 * Where they can't be, they can be stopped and described, but not started.
 */
export async function openApps(options: AppsOptions): Promise<Apps> {
  const folder = join(options.stateDir, 'apps')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const stateDir = await realpath(options.stateDir)
  await rm(join(folder, '.hooks'), { recursive: true, force: true })
  const floor = await provenFloor({ ...options, stateDir })
  // An ordinary user is one who develops: what is weaker there than on a device is said aloud.
  if (!(floor instanceof AppsError) && floor.uids === undefined) {
    options.warn?.(`apps are confined as an ordinary user can: ${describeWeaker(floor)}`)
  }
  return new SupervisedApps({ ...options, stateDir }, floor)
}

class SupervisedApps implements Apps {
  readonly #apps = new Map<string, SupervisedApp>()
  readonly #exitListeners = new Set<(exit: AppExit) => void>()
  readonly #troubleListeners = new Set<(trouble: AppTrouble) => void>()
  readonly #lineListeners = new Set<(line: AppLine) => void>()
  readonly #followers = new Map<string, Follower>()
  readonly #supervision: Supervision
  readonly #floor: Floor | AppsError
  readonly #warn: (message: string) => void
  /** What the newest order insists on. */
  #required: readonly string[] = []
  #isClosed = false

  constructor({ stateDir, backOff, warn, refuseDamaged }: AppsOptions, floor: Floor | AppsError) {
    this.#floor = floor
    this.#warn = warn ?? (() => undefined)
    this.#supervision = {
      stateDir,
      floor: () => this.#firmFloor(),
      backOff: backOff ?? defaultBackOff,
      refuseDamaged: refuseDamaged ?? (async () => undefined),
      tell: exit => {
        for (const listener of this.#exitListeners) listener(exit)
      },
      complain: trouble => {
        for (const listener of this.#troubleListeners) listener(trouble)
      },
      warn: (spec, error) => this.#warn(`cannot start ${keyOf(spec)}: ${messageOf(error)}`),
    }
  }

  start(spec: AppSpec): Promise<void> {
    return this.#begin(spec, app => app.start())
  }

  keep(spec: AppSpec): Promise<void> {
    return this.#begin(spec, app => app.keep())
  }

  async #begin(spec: AppSpec, begin: (app: SupervisedApp) => Promise<void>): Promise<void> {
    const held = this.#apps.get(keyOf(spec))
    if (held !== undefined && isSameSpec(held.spec, spec)) return
    await held?.stop()
    const app = this.#add(spec)
    try {
      await begin(app)
    } catch (error) {
      this.#remove(app)
      throw error
    }
    await this.#tellTakers(spec)
  }

  async retry(packageName: PackageName): Promise<void> {
    await Promise.all(this.#of(packageName).map(app => app.retry()))
  }

  async stop(packageName: PackageName): Promise<void> {
    await Promise.all(
      this.#of(packageName).map(async app => {
        await app.stop()
        this.#remove(app)
      }),
    )
    this.#networks?.rest(packageName)
    await this.#shutDoors(packageName)
  }

  async adopt(specs: readonly AppSpec[]): Promise<void> {
    const wanted = new Map(specs.map(spec => [keyOf(spec), spec]))
    const found = readRecords(this.#supervision.stateDir)
    // Before anything starts: who takes a folder finds it offered, whichever of the two is first.
    for (const spec of specs) this.#doors?.exchange.note(spec)
    await Promise.all(
      found.map(async record => {
        const spec = wanted.get(keyOf(record.spec))
        if (spec !== undefined && isSameSpec(spec, record.spec)) {
          return this.#add(record.spec).takeOver(record)
        }
        return new SupervisedApp(record.spec, this.#supervision).end(record)
      }),
    )
    if (this.#lacking !== undefined) await this.#restartAll()
    await Promise.all(specs.map(spec => this.keep(spec)))
    await this.#doors?.devices?.sweep()
  }

  status(): readonly AppStatus[] {
    return [...this.#apps.values()].map(app => app.status)
  }

  async health(packageName: PackageName): Promise<HealthVerdict> {
    const apps = this.#of(packageName)
    if (apps.length === 0) return { ok: false, why: `${packageName} does not run` }
    const verdicts = await Promise.all(apps.map(app => this.#healthOf(app)))
    return verdicts.find(verdict => !verdict.ok) ?? verdicts[0] ?? { ok: true, why: 'it runs' }
  }

  hook(spec: AppSpec, command: readonly string[], timeoutSeconds: number): Promise<HookResult> {
    const folder = join(this.#supervision.stateDir, 'apps', '.hooks')
    return runHook(this.#firmFloor(), { spec, command, timeoutSeconds, folder })
  }

  log(packageName: PackageName, app: string, lines: number): Promise<string[]> {
    const folder = runFolder(this.#supervision.stateDir, packageName, app)
    const record = readRecord(folder)
    return record ? ownLines(folder, record.restarts, lines) : lastLines(folder, lines)
  }

  onExit(listener: (exit: AppExit) => void): void {
    this.#exitListeners.add(listener)
  }

  onTrouble(listener: (trouble: AppTrouble) => void): void {
    this.#troubleListeners.add(listener)
  }

  onAttempts(listener: (attempts: Attempts) => void): void {
    this.#networks?.onAttempts(listener)
  }

  async isolate(isolation: IsolationPolicy): Promise<void> {
    await this.#networks?.isolate(isolation)
  }

  async require(parts: readonly string[]): Promise<string | undefined> {
    const before = this.#lacking
    this.#required = parts
    const lacking = this.#lacking
    if (lacking?.message !== before?.message) await this.#restartAll()
    return parts.length > 0 ? lacking?.message : undefined
  }

  follow(listener: (line: AppLine) => void): () => void {
    this.#lineListeners.add(listener)
    for (const app of this.#apps.values()) this.#followOutput(app)
    return () => {
      this.#lineListeners.delete(listener)
      if (this.#lineListeners.size === 0) this.#endFollowing()
    }
  }

  describeConfinement(): Readonly<Record<string, string>> {
    const floor = this.#floor
    if (floor instanceof AppsError) return describeNoFloor(floor)
    const lacking = this.#lacking
    return { ...describeFloor(floor), ...(lacking && describeNoFloor(lacking)) }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#endFollowing()
    this.#doors?.power[Symbol.dispose]()
    this.#doors?.devices?.[Symbol.dispose]()
    await Promise.all([...this.#apps.values()].map(app => app.close()))
    // While anything may run, its uids and cgroups stay this device's.
    const isIdle = readRecords(this.#supervision.stateDir).length === 0
    await this.#networks?.close(isIdle)
    if (isIdle && !(this.#floor instanceof AppsError)) leaveFloor(this.#floor)
  }

  get #networks(): Networks | undefined {
    const networks = this.#floor instanceof AppsError ? undefined : this.#floor.networks
    return typeof networks === 'string' ? undefined : networks
  }

  get #doors(): Doors | undefined {
    return this.#floor instanceof AppsError ? undefined : this.#floor.doors
  }

  /**
   * Who takes what the package offers otherwise than before is begun again with it. What a stopped package
   * offered stays: it is about to be started again, or nobody adds to it any more.
   */
  async #tellTakers(spec: AppSpec): Promise<void> {
    if (!this.#doors?.exchange.note(spec)) return
    const takers = [...this.#apps.values()].filter(app => isTaking(app.spec.opened, spec.package))
    await Promise.all(takers.map(app => app.restart()))
  }

  async #shutDoors(packageName: PackageName): Promise<void> {
    this.#doors?.power.forget(packageName)
    await this.#doors?.devices?.forget(packageName)
  }

  #firmFloor(): Floor {
    if (this.#floor instanceof AppsError) throw this.#floor
    refuseLacking(this.#floor, this.#required)
    return this.#floor
  }

  /** Why nothing may be started here, if so. */
  get #lacking(): AppsError | undefined {
    const floor = this.#floor
    return floor instanceof AppsError ? floor : lackingOf(floor, this.#required)
  }

  /** Ends what runs and begins it where it may be; what waits is begun now. */
  async #restartAll(): Promise<void> {
    const apps = [...this.#apps.values()]
    await Promise.all(apps.map(app => app.restart()))
    await Promise.all(apps.map(app => app.retry()))
  }

  #of(packageName: PackageName): SupervisedApp[] {
    return [...this.#apps.values()].filter(app => app.spec.package === packageName)
  }

  #add(spec: AppSpec): SupervisedApp {
    const app = new SupervisedApp(spec, this.#supervision)
    this.#apps.set(keyOf(spec), app)
    if (this.#lineListeners.size > 0) this.#followOutput(app)
    return app
  }

  #remove(app: SupervisedApp): void {
    const key = keyOf(app.spec)
    if (this.#apps.get(key) !== app) return
    this.#apps.delete(key)
    this.#followers.get(key)?.close()
    this.#followers.delete(key)
  }

  #followOutput({ spec, folder }: SupervisedApp): void {
    const key = keyOf(spec)
    this.#followers.get(key)?.close()
    const tell = (text: string) => {
      for (const listener of this.#lineListeners) {
        listener({ package: spec.package, app: spec.app, text })
      }
    }
    const fail = (error: unknown) => this.#warn(`cannot follow ${key}: ${messageOf(error)}`)
    this.#followers.set(key, new Follower(folder, tell, fail))
  }

  #endFollowing(): void {
    for (const follower of this.#followers.values()) follower.close()
    this.#followers.clear()
  }

  #healthOf({ spec, status }: SupervisedApp): Promise<HealthVerdict> {
    const run: RunInside = (command, seconds) => this.hook(spec, command, seconds)
    return healthOf({ spec, state: status.state }, run, this.#networks?.addressOf(spec.package))
  }
}

function keyOf({ package: name, app }: AppSpec): string {
  return `${name} ${app}`
}
