import { digestOf, toUtf8 } from '@steadfleet/base'
import type { Behaviour, PackageName } from '@steadfleet/domain'
import {
  type Change,
  type ChangeHost,
  chainOf,
  chainStart,
  contentsOf,
  decodeJournal,
  encodeRecord,
  foldJournal,
  type Generation,
  type GenerationPackage,
  isOvertaken,
  isSamePackage,
  type Journal,
  type JournalRecord,
  type NewRecord,
  nextEngineState,
  type ProbationRule,
  packageOf,
  planChange,
  reconcile,
  runChange,
  type Sight,
  type Signals,
  type Step,
  sealOf,
  toCheckpoint,
} from './index.ts'

/** Power is gone: whatever was not durable is lost, and nothing more happens in this life. */
export class Crash extends Error {}

/** What survives a crash. The data of a package is the history of what wrote to it. */
export interface Disk {
  journal: Uint8Array
  pointer: number
  generations: Map<number, Generation>
  objects: Set<string>
  /** What came over the network, in its order. */
  fetched: string[]
  trees: Set<string>
  data: Map<string, string>
}

/** Runs of apps survive the agent's death, not the machine's; here it is the agent that dies. */
export interface Device {
  disk: Disk
  running: Map<string, string>
}

export interface Story {
  readonly from: Generation
  readonly to: Generation
  /**
   * Steps that fail, `probation` of all or `probation NAME` of one, `undo ID` for what can't be undone,
   * `write TYPE` for records.
   */
  readonly fails: readonly string[]
  /** Where somebody recalls the change: a step's id, `probation`, or `commit`. */
  readonly recall?: string
  /** What stands between a change that is ready and its activation. */
  readonly gate?: (change: Change, stop: AbortSignal) => Promise<void>
  readonly signals?: Signals
}

const { signal } = new AbortController()
const noSignals = { halt: signal, supersede: signal, recall: signal }
const at = '2026-11-21T00:00:00Z'

/** A device that runs `from` and whose journal holds the plan of a change to `to`. */
export function deviceBefore({ from, to }: Story): Device {
  const disk: Disk = {
    journal: new Uint8Array(),
    pointer: from.number,
    generations: new Map([from, to].map(one => [one.number, one])),
    objects: new Set(from.packages.map(one => one.tree.digest)),
    fetched: [],
    trees: new Set(from.packages.map(one => one.tree.digest)),
    data: new Map([...from.packages.map(toData), ...to.packages.flatMap(toEarlierData)]),
  }
  const refused = { counter: 0, packages: [] }
  const { number } = from
  const state = { generation: number, highest: number, refused, standing: 'committed' } as const
  write(disk, { type: 'checkpoint', ...state, previous: chainStart })
  write(disk, planOf(from, to))
  return { disk, running: new Map(from.packages.map(one => [one.package, runOf(one)])) }
}

function toData(one: GenerationPackage): [string, string] {
  return [dataOf(one), `${one.package} data`]
}

/** The copy that a package is given back. */
function toEarlierData({ package: name, restored }: GenerationPackage): [string, string][] {
  return restored ? [[`${name}/${restored.from}`, `${name} data of then`]] : []
}

/** A change to `to` begins on a device on which none is under way. */
export function planNext({ disk }: Device, to: Generation): void {
  disk.generations.set(to.number, to)
  write(disk, planOf(currentOf(disk), to))
}

function planOf(from: Generation, to: Generation): NewRecord {
  const steps = planChange(from, to)
  const seal = sealOf(to)
  const contents = contentsOf(to.packages)
  const between = { from: from.number, to: to.number, counter: to.counter }
  return { type: 'plan', ...between, seal, steps, contents }
}

function write(disk: Disk, record: NewRecord): void {
  const { chain } = decodeJournal(disk.journal)
  const line = encodeRecord({ ...record, at } as JournalRecord, chain)
  disk.journal = Buffer.concat([disk.journal, line])
}

/** How a rule is broken on purpose, to see that the check would notice. */
export type Mutation =
  | 'none'
  | 'no begin'
  | 'no done'
  | 'late abort'
  | 'failed step stays'
  | 'early tidying'
  | 'blind probation'

/** One life of the agent: from a cold start to the end of the change, or to the crash. */
export async function live(
  device: Device,
  story: Story,
  crashAt: number,
  mutation: Mutation = 'none',
): Promise<{ calls: number }> {
  const bomb = new Bomb(crashAt)
  const journal = new PretendJournal(device.disk, bomb, mutation, story)
  const found = reconcile(journal.state, device.disk.pointer)
  if (found) await journal.append(found)
  if (!journal.state.change) adopt(device, currentOf(device.disk))
  const host = new PretendHost(device, story, bomb, journal, mutation)
  await runChange(journal, host, story.signals ?? noSignals)
  return { calls: bomb.calls }
}

/** What the pointer names. */
export function currentOf({ pointer, generations }: Disk): Generation {
  const current = generations.get(pointer)
  if (current) return current
  throw new Error(`generation ${pointer} is not there`)
}

function adopt(device: Device, current: Generation): void {
  device.running = new Map(current.packages.map(one => [one.package, runOf(one)]))
}

class Bomb {
  calls = 0
  #isDead = false
  readonly #at: number

  constructor(at: number) {
    this.#at = at
  }

  /** Each effect is one call; the crash comes before it, and `half` tells that it came half way. */
  tick(half?: () => void): void {
    if (this.#isDead) throw new Crash()
    if (this.calls++ !== this.#at) return
    this.#isDead = true
    half?.()
    throw new Crash()
  }
}

class PretendJournal implements Journal {
  readonly #disk: Disk
  readonly #bomb: Bomb
  readonly #mutation: Mutation
  readonly #story: Story
  #chain = chainStart
  state

  constructor(disk: Disk, bomb: Bomb, mutation: Mutation, story: Story) {
    this.#story = story
    this.#disk = disk
    this.#bomb = bomb
    this.#mutation = mutation
    const read = decodeJournal(disk.journal)
    disk.journal = disk.journal.slice(0, read.length)
    this.#chain = read.chain
    this.state = foldJournal(read.records)
  }

  /** Once: whoever asked knows that it is written down. */
  async recall(): Promise<void> {
    const { change, revert } = this.state
    if (revert || change === undefined) return
    const { counter, from } = change.plan
    await this.append({ type: 'revert', counter, to: from, restoresData: false })
  }

  async append(record: NewRecord): Promise<void> {
    await Promise.resolve()
    if (record.type === this.#story.recall) await this.recall()
    if (this.#story.fails.includes(`write ${record.type}`)) throw new Error('the disk is full')
    const whole = { ...record, at } as JournalRecord
    const next = nextEngineState(this.state, whole)
    if (!this.#isLeftOut(record)) this.#write(whole)
    this.state = next
  }

  #isLeftOut(record: NewRecord): boolean {
    if (record.type === 'begin') return this.#mutation === 'no begin'
    if (record.type === 'done') return this.#mutation === 'no done'
    return record.type === 'abort' && this.#mutation === 'late abort'
  }

  #write(record: JournalRecord): void {
    const line = encodeRecord(record, this.#chain)
    this.#bomb.tick(() => this.#put(line.subarray(0, line.length - 7)))
    this.#put(line)
    this.#chain = chainOf(line)
  }

  #put(bytes: Uint8Array): void {
    this.#disk.journal = Buffer.concat([this.#disk.journal, bytes])
  }

  async checkpoint(): Promise<void> {
    const record = { ...toCheckpoint(this.state, this.#chain), at }
    const line = encodeRecord(record, chainStart)
    this.#bomb.tick()
    this.#disk.journal = line
    this.#chain = chainOf(line)
    this.state = nextEngineState(this.state, record)
  }
}

class PretendHost implements ChangeHost {
  readonly #device: Device
  readonly #story: Story
  readonly #bomb: Bomb
  readonly #journal: PretendJournal
  readonly #mutation: Mutation

  constructor(
    device: Device,
    story: Story,
    bomb: Bomb,
    journal: PretendJournal,
    mutation: Mutation,
  ) {
    this.#mutation = mutation
    this.#device = device
    this.#story = story
    this.#bomb = bomb
    this.#journal = journal
  }

  async generations({ plan, to }: Change) {
    return { from: this.#generation(plan.from), to: this.#generation(to) }
  }

  async keep(generation: Generation): Promise<void> {
    await this.#effect(({ generations }) => generations.set(generation.number, generation))
  }

  #generation(number: number): Generation {
    const { generations } = this.#device.disk
    return currentOf({ ...this.#device.disk, generations, pointer: number })
  }

  get #aim(): Generation {
    return this.#generation(this.#journal.state.change?.to ?? this.#story.to.number)
  }

  async untilAllowed(change: Change, stop: AbortSignal): Promise<void> {
    this.#bomb.tick()
    await this.#story.gate?.(change, stop)
  }

  async apply(_: Change, step: Step, again: boolean): Promise<Record<string, never>> {
    await this.#effects[step.kind](step, again)
    return {}
  }

  async undo(change: Change, step: Step): Promise<void> {
    if (this.#mutation === 'failed step stays' && !change.done.includes(step.id)) return
    if (this.#story.fails.includes(`undo ${step.id}`)) throw new Error('stuck')
    await this.#undoings[step.kind](step)
  }

  readonly #effects: Record<Step['kind'], (step: Step, again: boolean) => Promise<void>> = {
    fetch: step =>
      this.#do(step, disk => {
        const { digest } = this.#to(step).tree
        if (!disk.objects.has(digest)) disk.fetched.push(digest)
        disk.objects.add(digest)
      }),
    install: async step => {
      if (!this.#device.disk.objects.has(this.#to(step).tree.digest)) throw new Error('no objects')
      await this.#do(step, disk => disk.trees.add(this.#to(step).tree.digest))
    },
    stop: step => this.#do(step, () => this.#device.running.delete(step.package!)),
    copy: async step => {
      const { restored } = this.#to(step)
      const source = packageOf(this.#story.from, step.package!)
      const place = restored ? `${step.package}/${restored.from}` : source && dataOf(source)
      const before = place === undefined ? 'fresh' : this.#device.disk.data.get(place)
      await this.#do(step, disk => disk.data.set(dataOf(this.#to(step)), before ?? 'lost'))
    },
    migrate: async (step, again) => {
      if (again) await this.#effects.copy(step, again)
      const name = dataOf(this.#to(step))
      const before = this.#device.disk.data.get(name)
      await this.#do(step, disk => disk.data.set(name, `${before} half`), false)
      await this.#do(step, disk => disk.data.set(name, `${before} migrated`))
    },
    activate: async step => {
      await this.#do(step, disk => (disk.pointer = this.#aim.number))
      if (this.#mutation === 'early tidying') dropOthers(this.#device.disk)
    },
    start: step =>
      this.#do(step, disk => {
        const to = this.#to(step)
        if (!disk.trees.has(to.tree.digest)) throw new Error('nothing to run')
        this.#device.running.set(to.package, runOf(to))
      }),
  }

  readonly #undoings: Record<Step['kind'], (step: Step) => Promise<void>> = {
    fetch: step =>
      this.#effect(disk => this.#isNeeded(step, true) || disk.objects.delete(this.#tree(step))),
    install: step =>
      this.#effect(disk => this.#isNeeded(step) || disk.trees.delete(this.#tree(step))),
    stop: step =>
      this.#effect(() => {
        const old = packageOf(this.#story.from, step.package!)
        if (old) this.#device.running.set(old.package, runOf(old))
      }),
    copy: step => this.#effect(disk => disk.data.delete(dataOf(this.#to(step)))),
    migrate: async () => undefined,
    activate: () => this.#effect(disk => (disk.pointer = this.#story.from.number)),
    start: step => this.#effect(() => this.#device.running.delete(step.package!)),
  }

  #to(step: Step): GenerationPackage {
    return packageOf(this.#story.to, step.package!)!
  }

  #tree(step: Step): string {
    return this.#to(step).tree.digest
  }

  /** A newer order may need what was fetched for this one. */
  #isNeeded(step: Step, isFetched = false): boolean {
    const { change } = this.#journal.state
    if (isFetched && change && isOvertaken(change)) return true
    const { abort } = change ?? {}
    const kept = [this.#story.from, ...(abort ? [] : [this.#aim])].flatMap(one => one.packages)
    return kept.some(one => one.tree.digest === this.#tree(step))
  }

  async #do(step: Step, effect: (disk: Disk) => unknown, mayFail = true): Promise<void> {
    if (this.#story.recall === step.id) await this.#journal.recall()
    await this.#effect(effect)
    if (mayFail && this.#story.fails.includes(step.id)) throw new Error(`${step.id} fails`)
  }

  async #effect(effect: (disk: Disk) => unknown): Promise<void> {
    await Promise.resolve()
    this.#bomb.tick()
    effect(this.#device.disk)
  }

  async probationRule(): Promise<ProbationRule> {
    const packages = this.#changed().map(one => ({ package: one.package, startSeconds: 5 }))
    return { windowSeconds: 2, boot: 'first', packages }
  }

  async look(change: Change): Promise<{ milliseconds: number; sights: Sight[] }> {
    this.#bomb.tick()
    if (this.#story.recall === 'probation') await this.#journal.recall()
    if (this.#journal.state.change?.plan !== change.plan) throw new Error('another change')
    const sights = this.#changed().map(one => this.#sight(one))
    return { milliseconds: 1000, sights }
  }

  #changed(): GenerationPackage[] {
    const { from } = this.#story
    return this.#aim.packages.filter(one => !isSamePackage(packageOf(from, one.package), one))
  }

  #sight(one: GenerationPackage): Sight {
    const isRight = this.#device.running.get(one.package) === runOf(one)
    const { fails } = this.#story
    const isWell =
      this.#mutation === 'blind probation' ||
      (isRight && !fails.includes('probation') && !fails.includes(`probation ${one.package}`))
    const state = isWell ? 'up' : 'down'
    return { package: one.package, state, restarts: 0, healthy: isWell, why: 'pretended' }
  }

  async tidy(change: Change): Promise<void> {
    const { state, to } = change
    await this.#effect(disk => {
      const current = currentOf(disk)
      const coming = disk.generations.get(to)
      if (state === 'rescue') adopt(this.#device, current)
      disk.generations = new Map([[current.number, current]])
      // Without its record it was tidied up after before.
      const fetched = new Set(
        coming?.packages.map((one): string => one.tree.digest) ?? disk.objects,
      )
      const kept = isOvertaken(change) ? disk.objects.intersection(fetched) : new Set<string>()
      dropOthers(disk)
      disk.objects = disk.objects.union(kept)
    })
  }
}

/** All that what the pointer names does not need goes, for good. */
function dropOthers(disk: Disk): void {
  const { packages } = currentOf(disk)
  const trees = new Set<string>(packages.map(one => one.tree.digest))
  disk.trees = disk.trees.intersection(trees)
  disk.objects = disk.objects.intersection(trees)
  const data = new Set(packages.map(dataOf))
  disk.data = new Map([...disk.data].filter(([name]) => data.has(name)))
}

export function dataOf(one: GenerationPackage): string {
  return `${one.package}/${one.data}`
}

export function runOf(one: GenerationPackage): string {
  return `${one.package} ${one.tree.digest} on ${dataOf(one)}`
}

/** A package as the tests need it: its tree is named by its revision. */
export function packageAt(
  name: string,
  revision: number,
  data: number,
  behaviour: Partial<Behaviour> = {},
): GenerationPackage {
  const ref = { digest: digestOf(toUtf8(`${name} ${revision}`)), length: 1 }
  return {
    package: name as PackageName,
    catalogue: 'main',
    revision,
    version: `${revision}.0`,
    record: ref,
    tree: ref,
    size: 1,
    settings: {},
    grants: [],
    interfaces: [],
    behaviour: { apps: { main: { command: ['bin/main'] } }, ...behaviour },
    floor: 0,
    data,
    ...(behaviour.hooks?.migrate && { migrated: revision }),
  }
}

export function generationOf(number: number, packages: GenerationPackage[]): Generation {
  return {
    type: 'generation',
    format: 1,
    number,
    counter: number,
    model: 'acme/box/1/all',
    packages,
  }
}
