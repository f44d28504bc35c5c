import { isCoded } from '@steadfleet/base'
import type { AppState, AppStatus } from '@steadfleet/domain'
import { pathsOf } from '../disk/paths.ts'
import { isDamage } from '../error.ts'
import type { AppExit, AppSpec, AppTrouble, BackOff } from './apps.ts'
import { type Cgroup, joiningFiles, makeCgroup, outOfMemoryKills, removeCgroup } from './cgroups.ts'
import { raiseWall } from './device-wall.ts'
import { type DiskBudget, diskBudgetOf, refuseFarOver, watchDisk } from './disk-budget.ts'
import { watchExcess } from './excess.ts'
import { startKeeper, statusIn } from './keeper.ts'
import { logToBegin, ownLines } from './output.ts'
import { endingOf, stateAfter, waitBefore } from './restart.ts'
import { endRun, foundRun, hasBegun, ownRun, type Run } from './run.ts'
import {
  cgroupName,
  clearRecord,
  currentBoot,
  type RunRecord,
  runFolder,
  writeRecord,
} from './run-record.ts'
import { type Floor, limitsOf, prepareSandbox, reopenDoors } from './sandboxes.ts'
import { wayOf } from './way.ts'

/** What keeps an app from starting now, and may not for ever. */
function mayPass(error: unknown): boolean {
  return isCoded(error, 'apps/over-budget') || isCoded(error, 'apps/lacking')
}

/** What a supervised app is given by whoever keeps all of them. */
export interface Supervision {
  readonly stateDir: string
  /** Throws where apps can't be confined. */
  readonly floor: () => Floor
  readonly backOff: BackOff
  /** Throws where nothing may be started from the app's tree. */
  readonly refuseDamaged: (spec: AppSpec) => Promise<void>
  readonly tell: (exit: AppExit) => void
  readonly complain: (trouble: AppTrouble) => void
  /** Says that a start by the back-off did not come about. */
  readonly warn: (spec: AppSpec, error: unknown) => void
}

const reportedLines = 100
const defaultStopSeconds = 10

/** One app under supervision, from its start to its stop: begun again when it ends by itself. */
export class SupervisedApp {
  readonly spec: AppSpec
  readonly folder: string
  readonly #of: Supervision
  #state: AppState = 'starting'
  #restarts = 0
  #failures = 0
  #run: Run | undefined
  #cgroup: Cgroup = []
  #isWanted = true
  #calm: NodeJS.Timeout | undefined
  #next: NodeJS.Timeout | undefined
  #watch: Disposable | undefined
  #diskWatch: Disposable | undefined
  /** What is being done; the next thing to do waits for it. */
  #work: Promise<void> = Promise.resolve()

  constructor(spec: AppSpec, supervision: Supervision) {
    this.spec = spec
    this.#of = supervision
    this.folder = runFolder(supervision.stateDir, spec.package, spec.app)
  }

  get status(): AppStatus {
    const { package: name, app } = this.spec
    return { package: name, app, state: this.#state, restarts: this.#restarts }
  }

  start(): Promise<void> {
    return this.#after(() => this.#begin())
  }

  /** The same; where its tree is damaged it is begun again and again until it is not. */
  keep(): Promise<void> {
    return this.#after(() => this.#beginOrWait())
  }

  /** Begins now what waits to be begun again. */
  retry(): Promise<void> {
    return this.#after(async () => {
      if (this.#next === undefined || !this.#isWanted) return
      clearTimeout(this.#next)
      await this.#beginOrWait()
    })
  }

  /** Ends the app and begins it anew, with what its interfaces open now; one that does not run is left. */
  restart(): Promise<void> {
    return this.#after(async () => {
      if (!this.#isWanted || this.#run === undefined) return
      this.#isWanted = false
      this.#endTimers()
      await this.#endRun()
      // Where it may not begin again yet, its end is no news to the next agent either.
      await clearRecord(this.folder)
      this.#isWanted = true
      await this.#beginOrWait()
    })
  }

  /** Takes over what an earlier agent began: it runs on, or its end is dealt with now. */
  takeOver(record: RunRecord): Promise<void> {
    return this.#after(async () => {
      this.#restarts = record.restarts
      this.#cgroup = record.cgroup
      if (record.boot !== currentBoot() || !(await hasBegun(this.folder))) {
        return this.#beginOrWait()
      }
      const run = foundRun(this.folder, record.cgroup)
      if (run !== undefined) return this.#adopt(run, record)
      const status = statusIn(this.folder)
      if (!record.isTold) return this.#onEnd(status, record)
      this.#state = stateAfter(this.spec.declaration, status !== 0)
      return this.#state === 'backing off' ? this.#beginOrWait() : undefined
    })
  }

  async #adopt(run: Run, record: RunRecord): Promise<void> {
    try {
      await reopenDoors(this.#of.floor(), this.spec)
      // What an agent began that knew no networks of packages is in the device's own until it starts anew.
      if (record.namespace !== undefined) await wayOf(this.#of.floor(), this.spec)
    } catch (error) {
      this.#of.warn(this.spec, error)
    }
    this.#attend(run, record, await diskBudgetOf(pathsOf(this.#of.stateDir), this.spec))
  }

  /** Ends what an earlier agent began and nobody wants any more. */
  async end(record: RunRecord): Promise<void> {
    this.#isWanted = false
    this.#cgroup = record.cgroup
    if (record.boot === currentBoot() && (await hasBegun(this.folder))) {
      this.#run = foundRun(this.folder, record.cgroup)
    }
    await this.stop()
  }

  /** Ends the app; nothing of it runs when this is fulfilled, and nothing is known of it. */
  async stop(): Promise<void> {
    this.#isWanted = false
    await this.#after(async () => {
      this.#endTimers()
      await this.#endRun()
      await removeCgroup(this.#cgroup)
      await clearRecord(this.folder)
      this.#state = 'stopped'
    })
  }

  /** Ends the supervision and leaves the app as it is. */
  async close(): Promise<void> {
    this.#isWanted = false
    await this.#after(async () => {
      this.#endTimers()
      this.#run?.forget()
    })
  }

  async #endRun(): Promise<void> {
    if (this.#run === undefined) return
    const seconds = this.spec.declaration['stop-timeout-seconds'] ?? defaultStopSeconds
    if (await endRun(this.#run, seconds * 1000)) return
    this.#complain('is deaf', `asked to stop, it ran on for ${seconds} s and was ended`)
  }

  /** At once: what it is given to end in, it would go on writing in. */
  #endForDisk(run: Run, why: string): void {
    this.#complain('fills the disk', why)
    endRun(run, 0).catch((error: unknown) => this.#of.warn(this.spec, error))
  }

  #complain(trouble: AppTrouble['trouble'], why: string): void {
    const { package: name, app, revision } = this.spec
    this.#of.complain({ package: name, app, revision, trouble, why })
  }

  #endTimers(): void {
    clearTimeout(this.#next)
    clearTimeout(this.#calm)
    this.#watch?.[Symbol.dispose]()
    this.#diskWatch?.[Symbol.dispose]()
  }

  #after(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work)
    this.#work = done.catch(() => undefined)
    return done
  }

  async #beginOrWait(): Promise<void> {
    try {
      await this.#begin()
    } catch (error) {
      if (!isDamage(error) && !mayPass(error)) throw error
      this.#state = 'backing off'
      this.#of.warn(this.spec, error)
      this.#beginLater()
    }
  }

  async #begin(): Promise<void> {
    this.#next = undefined
    const { spec, folder } = this
    await this.#of.refuseDamaged(spec)
    const floor = this.#of.floor()
    const way = await wayOf(floor, spec)
    const { command: own } = spec.declaration
    const command = await prepareSandbox(floor, spec, { folder, command: own, way })
    const budget = await diskBudgetOf(floor, spec)
    refuseFarOver(budget, spec)
    const name = cgroupName(spec.package, spec.app)
    const cgroup = makeCgroup(floor.homes, name, limitsOf(spec))
    raiseWall(cgroup, spec, floor.doors.sysfs)
    const record: RunRecord = {
      spec,
      cgroup,
      boot: currentBoot(),
      outOfMemoryKills: outOfMemoryKills(cgroup),
      restarts: this.#restarts,
      ...(way && { namespace: way.namespace }),
    }
    this.#cgroup = cgroup
    await writeRecord(folder, record)
    const joins = joiningFiles(cgroup)
    const keeper = await startKeeper({ folder, joins, command }, await logToBegin(folder))
    this.#attend(ownRun(folder, cgroup, keeper), record, budget)
  }

  #attend(run: Run, record: RunRecord, budget: DiskBudget): void {
    this.#run = run
    this.#state = 'running'
    this.#calm = setTimeout(() => {
      this.#failures = 0
    }, this.#of.backOff.calmMs)
    this.#watch = watchExcess({ folder: this.folder, cgroup: record.cgroup }, (trouble, why) =>
      this.#complain(trouble, why),
    )
    this.#diskWatch = watchDisk(budget, why => this.#endForDisk(run, why))
    void run.ended.then(status => {
      this.#run = undefined
      this.#endTimers()
      // An app that is being stopped was asked to end; that is no news.
      if (this.#isWanted) return this.#after(() => this.#onEnd(status, record))
      return undefined
    })
  }

  /** Tells of the end before it is written off: whoever is killed between tells of it again. */
  async #onEnd(status: number | undefined, record: RunRecord): Promise<void> {
    const { package: name, app, revision, values, declaration } = this.spec
    const ending = endingOf(status)
    const outOfMemory = outOfMemoryKills(record.cgroup) > record.outOfMemoryKills
    const log = await ownLines(this.folder, record.restarts, reportedLines)
    this.#of.tell({ package: name, app, revision, ...ending, log, values, outOfMemory })
    this.#state = stateAfter(declaration, status !== 0)
    const isAgain = this.#state === 'backing off'
    if (isAgain) this.#restarts += 1
    await writeRecord(this.folder, { ...record, restarts: this.#restarts, isTold: true })
    if (isAgain) this.#beginLater()
    else await removeCgroup(record.cgroup)
  }

  #beginLater(): void {
    if (!this.#isWanted) return
    const wait = waitBefore(this.#failures, this.#of.backOff)
    this.#failures += 1
    this.#next = setTimeout(() => {
      this.#after(() => this.#begin()).catch((error: unknown) => {
        this.#of.warn(this.spec, error)
        this.#beginLater()
      })
    }, wait)
  }
}
