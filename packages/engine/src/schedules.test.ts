import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PackageName } from '@steadfleet/domain'
import {
  decodeJournal,
  foldJournal,
  type Generation,
  type GenerationPackage,
  isSamePackage,
  lanesOf,
  packageOf,
  planChange,
} from './index.ts'
import {
  Crash,
  currentOf,
  type Device,
  dataOf,
  deviceBefore,
  generationOf,
  live,
  packageAt,
  runOf,
  type Story,
} from './pretend-device.test.ts'

/**
 * Changes that nobody thought of: three packages, some of them tied together, calls that fail, and
 * the agent killed up to four times. STEADFLEET_SCHEDULES says how many, STEADFLEET_SEED which first;
 * a fault names the seed that shows it again by itself.
 */
const count = Number(process.env.STEADFLEET_SCHEDULES ?? 1500)
const first = Number(process.env.STEADFLEET_SEED ?? 1)

describe(`${count} schedules from seed ${first}`, () => {
  test('end with each lane either old or new, and nothing of the other left', async () => {
    for (let seed = first; seed < first + count; seed++) {
      const schedule = scheduleOf(seed)
      const fault = await faultOf(schedule)
      assert.equal(fault, undefined, `STEADFLEET_SEED=${seed} STEADFLEET_SCHEDULES=1: ${fault}`)
    }
  })

  test('reach every end there is', () => {
    const found = Array.from({ length: count }, (_, i) => scheduleOf(first + i))
    for (const what of ['', 'undo ', 'write ', 'probation ', 'fetch:', 'migrate:', 'start:']) {
      const isReached = found.some(({ story: { fails } }) =>
        what === '' ? fails.length === 0 : fails.some(fail => fail.startsWith(what)),
      )
      assert.ok(isReached || count < 500, `no schedule has ${what}`)
    }
  })
})

interface Schedule {
  readonly story: Story
  readonly crashes: readonly number[]
}

type Draw = (below: number) => number

/** Sebastiano Vigna's splitmix, cut to 32 bits: the same numbers for the same seed everywhere. */
function drawer(seed: number): Draw {
  let state = seed >>> 0
  return below => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) % below
  }
}

const names = ['acme/clock', 'acme/hub', 'acme/lamp']

function scheduleOf(seed: number): Schedule {
  const draw = drawer(seed)
  const from = generationOf(
    1,
    names.filter(() => draw(4) > 0).map(name => packageAt(name, 1, 1)),
  )
  const to = generationOf(
    2,
    names.flatMap(name => nextOf(name, from, draw)),
  )
  const isSame =
    from.packages.length === to.packages.length &&
    to.packages.every(one => isSamePackage(packageOf(from, one.package), one))
  if (isSame) return scheduleOf(seed + 1_000_000_007)
  const possible = failuresOf(from, to)
  const fails = Array.from({ length: draw(4) }, () => possible[draw(possible.length)] ?? '')
  const crashes = Array.from({ length: draw(5) }, () => draw(70))
  return { story: { from, to, fails, ...recallIn(from, to, draw) }, crashes }
}

/** Now and then somebody at the device wants all of it taken back. */
function recallIn(from: Generation, to: Generation, draw: Draw): Pick<Story, 'recall'> {
  const places = [...planChange(from, to).map(step => step.id), 'probation', 'commit']
  const recall = places[draw(places.length)]
  return draw(6) > 0 || recall === undefined ? {} : { recall }
}

/** Gone, as it was, or a new revision, with a migration and ties or without. */
function nextOf(name: string, from: Generation, draw: Draw): GenerationPackage[] {
  const before = packageOf(from, name as PackageName)
  const kind = draw(6)
  if (kind === 0) return []
  if (kind === 1 && before) return [before]
  const migrate = draw(2) === 0 ? { hooks: { migrate: ['bin/migrate'] } } : {}
  const other = names[draw(names.length)] as PackageName
  const ties = draw(3) === 0 && other !== name ? { 'together-with': [other] } : {}
  return [packageAt(name, 2, 2, { ...migrate, ...ties })]
}

/** Everything of this change that can fail; what takes it back has room kept for its records. */
function failuresOf(from: Generation, to: Generation): string[] {
  const steps = planChange(from, to).map(step => step.id)
  return [
    ...steps,
    ...steps.map(id => `undo ${id}`),
    ...to.packages.map(one => `probation ${one.package}`),
    'probation',
    ...['begin', 'done', 'watch', 'verdict', 'drop', 'commit'].map(type => `write ${type}`),
  ]
}

async function faultOf({ story, crashes }: Schedule): Promise<string | undefined> {
  const device = deviceBefore(story)
  for (const crash of [...crashes, Number.POSITIVE_INFINITY]) {
    const isOver = await livesOn(device, story, crash)
    const fault = danglingIn(device)
    if (fault) return fault
    if (isOver) return faultAtEnd(device, story)
  }
  return 'it never ends'
}

async function livesOn(device: Device, story: Story, crash: number): Promise<boolean> {
  try {
    await live(device, story, crash)
    return true
  } catch (error) {
    if (error instanceof Crash) return false
    throw error
  }
}

function danglingIn({ disk }: Device): string | undefined {
  const isWhole = currentOf(disk).packages.every(
    one => disk.trees.has(one.tree.digest) && disk.data.has(dataOf(one)),
  )
  return isWhole ? undefined : `generation ${disk.pointer} is not whole`
}

function faultAtEnd(device: Device, story: Story): string | undefined {
  const { disk } = device
  const state = foldJournal(decodeJournal(disk.journal).records)
  if (state.change) return 'a change is left open'
  // What could not be undone is told and left: only that it runs what the pointer names can be asked for.
  if (story.fails.some(fail => fail.startsWith('undo '))) return faultInRunning(device)
  if (state.generation !== disk.pointer) return 'journal and pointer disagree'
  const current = currentOf(disk)
  return faultInLanes(current, story) ?? faultInPlace(device, current, story)
}

function faultInRunning({ disk, running }: Device): string | undefined {
  const right = currentOf(disk).packages.map(runOf).sort().join()
  const found = [...running.values()].sort().join()
  return found === right ? undefined : `${found} runs, and not ${right}`
}

/** Each lane is wholly old or wholly new; old where something of it failed, new where nothing did. */
function faultInLanes(current: Generation, { from, to, fails, recall }: Story): string | undefined {
  const lanes = lanesOf([...from.packages, ...to.packages])
  for (const lane of new Set(lanes.values())) {
    const mine = names.filter(name => lanes.get(name as PackageName) === lane)
    const isAs = (other: Generation) => mine.every(name => isEqual(name, current, other))
    if (!isAs(from) && !isAs(to)) return `lane ${lane} is neither old nor new`
    const isBlamed = mine.some(name => mustFail(name, from, to, fails))
    if (isBlamed && !isAs(from)) return `lane ${lane} failed and is not as it was`
  }
  const isNew = names.every(name => isEqual(name, current, to))
  if (fails.length > 0) return undefined
  if (recall !== undefined) return isNew ? 'it was recalled and is new' : undefined
  return isNew ? undefined : 'nothing failed and it is not new'
}

function isEqual(name: string, a: Generation, b: Generation): boolean {
  const [one, other] = [a, b].map(generation => packageOf(generation, name as PackageName))
  return JSON.stringify(one) === JSON.stringify(other)
}

function mustFail(name: string, from: Generation, to: Generation, fails: readonly string[]) {
  const steps = planChange(from, to).filter(step => step.package === name)
  const isProven = steps.some(step => step.kind === 'start')
  return (
    steps.some(({ id }) => fails.includes(id)) || (isProven && fails.includes(`probation ${name}`))
  )
}

function faultInPlace(
  { disk, running }: Device,
  current: Generation,
  story: Story,
): string | undefined {
  const trees = current.packages.map(one => one.tree.digest).sort()
  const found = [
    [...disk.trees].sort(),
    [...disk.objects].sort(),
    [...running.values()].sort(),
    [...disk.data].map(String).sort(),
    [...disk.generations.keys()],
  ]
  const right = [
    trees,
    trees,
    current.packages.map(runOf).sort(),
    current.packages.map(one => `${dataOf(one)},${historyOf(one, story)}`).sort(),
    [current.number],
  ]
  const [is, should] = [JSON.stringify(found), JSON.stringify(right)]
  return is === should ? undefined : `${is} is not ${should}`
}

function historyOf(one: GenerationPackage, { from }: Story): string {
  const before = packageOf(from, one.package)
  if (before === undefined) return 'fresh'
  const isMigrated = before.revision !== one.revision && one.behaviour.hooks?.migrate
  return `${one.package} data${isMigrated ? ' migrated' : ''}`
}
