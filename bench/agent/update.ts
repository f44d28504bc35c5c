import { readdirSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Benchmark, type Figure, medianOf, round, spreadOf } from '../figure.ts'
import { BenchDevice } from './bench-device.ts'

const runs = 5
const sizes = [1, 10, 100]

/** Where the time of an update goes, and how long its app does not answer. */
export const agentUpdate: Benchmark = {
  name: 'agent-update',
  what: 'each part of an update of 1, 10 and 100 MB; how long an app is away in an update and on the way back',
  async run() {
    await using device = await BenchDevice.start()
    const bench = new UpdateBench(device)
    await bench.update(0)
    const parts: Figure[] = []
    for (const megabytes of sizes) parts.push(...(await bench.partsOf(megabytes)))
    return [...parts, ...(await bench.absences())]
  },
}

class UpdateBench {
  readonly #device: BenchDevice
  #revision = 0

  constructor(device: BenchDevice) {
    this.#device = device
  }

  async update(megabytes: number): Promise<void> {
    this.#revision += 1
    const { fleet } = this.#device
    await fleet.give([await this.#device.publish(this.#revision, megabytes * 1_000_000)])
    await fleet.until(
      `revision ${this.#revision}`,
      () => {
        const { state, releases } = fleet.reports.at(-1) ?? {}
        return (state === 'committed' && releases?.[0]?.revision === this.#revision) || undefined
      },
      300_000,
    )
  }

  async partsOf(megabytes: number): Promise<Figure[]> {
    const times = await this.#watched(() => this.update(megabytes))
    return [...times.steps].map(([name, milliseconds]) => ({
      name: `${megabytes} MB: ${name}`,
      value: Math.round(milliseconds),
      unit: 'ms',
      facts: { megabytes },
    }))
  }

  async absences(): Promise<Figure[]> {
    const away: number[] = []
    const own: number[] = []
    const back: number[] = []
    for (let i = 0; i < runs; i++) {
      const times = await this.#watched(() => this.update(0))
      away.push(times.away)
      own.push((times.steps.get('stop') ?? 0) + times.started)
      back.push(await this.#wayBack(times.started))
    }
    const beyond = away.map((one, i) => one - (own[i] ?? 0))
    return [
      absence('update: the app does not answer', away),
      absence('update: its own stop and start', own),
      absence('update: beyond its own stop and start', beyond),
      absence('failed probe to the old one answering, beyond its start', back),
    ]
  }

  async #wayBack(start: number): Promise<number> {
    this.#revision += 1
    const { fleet } = this.#device
    const good = this.#revision - 1
    const times = await this.#watched(async () => {
      await fleet.give([await this.#device.publish(this.#revision, 0, false)])
      await fleet.untilState('restored', good)
    })
    return times.answered - (times.ended.get('verdict') ?? 0) - start
  }

  /** Looks at the journal and asks the app, every few milliseconds, while `act` goes on. */
  async #watched(act: () => Promise<void>): Promise<Times> {
    const watch = new Watch(this.#device)
    const done = act().finally(() => watch.stop())
    await Promise.all([watch.read(), watch.ask(), done])
    return watch.times()
  }
}

interface Times {
  /** Milliseconds from a step's `begin` to its `done`, and of the probation, by kind. */
  readonly steps: ReadonlyMap<string, number>
  readonly ended: ReadonlyMap<string, number>
  /** From the last answer to the next one, and when that came. */
  readonly away: number
  readonly answered: number
  /** From the beginning of the start to the first answer. */
  readonly started: number
}

class Watch {
  readonly #device: BenchDevice
  readonly #begun = new Map<string, number>()
  readonly #ended = new Map<string, number>()
  readonly #answers: number[] = []
  #isOver = false

  constructor(device: BenchDevice) {
    this.#device = device
  }

  stop(): void {
    this.#isOver = true
  }

  async read(): Promise<void> {
    const { journal } = this.#device.paths
    const old = linesOf(journal).length
    for (let seen = old; !this.#isOver; await wait(2)) {
      const lines = linesOf(journal)
      for (const line of lines.slice(Math.min(seen, lines.length)))
        this.#take(JSON.parse(line.slice(65)))
      seen = lines.length
    }
  }

  #take({ type, step }: { type: string; step?: string }): void {
    const kind = step?.split(':')[0] ?? type
    if (type === 'begin') this.#begun.set(kind, performance.now())
    if (type === 'watch' && !this.#begun.has('probation'))
      this.#begun.set('probation', performance.now())
    if (type === 'verdict') this.#ended.set('probation', performance.now())
    if (['done', 'verdict', 'commit'].includes(type)) this.#ended.set(kind, performance.now())
  }

  async ask(): Promise<void> {
    while (!this.#isOver) {
      if (await isAnswering(this.#device.port)) this.#answers.push(performance.now())
      await wait(1)
    }
  }

  times(): Times {
    const gaps = this.#answers.slice(1).map((at, i) => ({ at, gap: at - (this.#answers[i] ?? at) }))
    const { at, gap } = gaps.reduce((a, b) => (b.gap > a.gap ? b : a), { at: 0, gap: 0 })
    const steps = new Map(
      [...this.#begun].map(
        ([kind, from]) => [kind, (this.#ended.get(kind) ?? from) - from] as const,
      ),
    )
    const started = at - (this.#begun.get('start') ?? at)
    return { steps, ended: this.#ended, away: gap, answered: at, started }
  }
}

function linesOf(journal: string): string[] {
  const newest = readdirSync(journal)
    .filter(name => name.endsWith('.log'))
    .sort()
    .at(-1)
  return newest === undefined
    ? []
    : readFileSync(join(journal, newest), 'utf8').split('\n').slice(0, -1)
}

function isAnswering(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const asked = get(
      { host: '127.0.0.1', port, path: '/revision', agent: false, timeout: 500 },
      reply => {
        reply.resume().on('end', () => resolve(reply.statusCode === 200))
      },
    )
    asked.on('error', () => resolve(false))
    asked.on('timeout', () => asked.destroy())
    // Cut off in the middle of an answer there is no error.
    asked.on('close', () => resolve(false))
  })
}

function absence(name: string, values: readonly number[]): Figure {
  return { name, value: round(medianOf(values)), unit: 'ms', facts: spreadOf(values) }
}
