import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PackageName } from '@steadfleet/domain'
import { type Generation, type GenerationPackage, packageOf, planChange } from './index.ts'
import {
  Crash,
  currentOf,
  type Device,
  dataOf,
  deviceBefore,
  generationOf,
  live,
  type Mutation,
  packageAt,
  runOf,
  type Story,
} from './pretend-device.test.ts'

const migrates = { hooks: { migrate: ['bin/migrate'] } }
const one = generationOf(1, [packageAt('acme/hub', 1, 1), packageAt('acme/lamp', 4, 1)])
const onlyHub = generationOf(2, [
  packageAt('acme/hub', 2, 2, migrates),
  packageAt('acme/lamp', 4, 1),
])
const everything = generationOf(2, [
  packageAt('acme/hub', 2, 2, migrates),
  packageAt('acme/clock', 1, 2),
])
const settingsOnly = generationOf(2, [
  { ...packageAt('acme/hub', 1, 2), settings: { loud: true } },
  packageAt('acme/lamp', 4, 1),
])
const withoutClock = generationOf(3, [packageAt('acme/hub', 2, 2, migrates)])
const withOldHub = generationOf(3, [packageAt('acme/clock', 1, 2), packageAt('acme/hub', 1, 1)])
const withNeither = generationOf(4, [packageAt('acme/hub', 1, 1)])
const together = { 'together-with': ['acme/clock' as PackageName] }
const tied = generationOf(2, [
  packageAt('acme/clock', 1, 2),
  packageAt('acme/hub', 2, 2, { ...migrates, ...together }),
  packageAt('acme/lamp', 4, 1),
])
const less = generationOf(2, [packageAt('acme/lamp', 4, 1)])
const empty = generationOf(0, [])

const stories: [name: string, story: Story, end: 'old' | 'new'][] = [
  ['a first install', { from: empty, to: one, fails: [] }, 'new'],
  ['an update with a migration', { from: one, to: onlyHub, fails: [] }, 'new'],
  ['a fetch that fails', { from: one, to: onlyHub, fails: ['fetch:acme/hub'] }, 'old'],
  ['an install that fails', { from: one, to: onlyHub, fails: ['install:acme/hub'] }, 'old'],
  ['a migration that fails', { from: one, to: onlyHub, fails: ['migrate:acme/hub'] }, 'old'],
  ['a start that fails', { from: one, to: onlyHub, fails: ['start:acme/hub'] }, 'old'],
  ['a probation that fails', { from: one, to: onlyHub, fails: ['probation'] }, 'old'],
  ['no space to write the trial down', { from: one, to: onlyHub, fails: ['write watch'] }, 'old'],
  ['no space to write the verdict', { from: one, to: onlyHub, fails: ['write verdict'] }, 'old'],
  ['no space to write the commit', { from: one, to: onlyHub, fails: ['write commit'] }, 'old'],
  ['a package that is removed', { from: one, to: less, fails: [] }, 'new'],
  ['a setting that changes', { from: one, to: settingsOnly, fails: [] }, 'new'],
  [
    'a setting that fails its probation',
    { from: one, to: settingsOnly, fails: ['probation'] },
    'old',
  ],
]

const givenBack = generationOf(3, [
  { ...packageAt('acme/hub', 1, 3), restored: { from: 1, left: 2 } },
  packageAt('acme/lamp', 4, 1),
])

/** By hand: an earlier release with its own data of then, and a change that somebody recalls. */
const handStories: typeof stories = [
  ['an earlier copy is taken up', { from: onlyHub, to: givenBack, fails: [] }, 'new'],
  [
    'an earlier copy fails its trial',
    { from: onlyHub, to: givenBack, fails: ['probation'] },
    'old',
  ],
  ...planChange(one, onlyHub)
    .map(step => step.id)
    .concat('probation', 'commit')
    .map((recall): (typeof stories)[number] => [
      `it is recalled at ${recall}`,
      { from: one, to: onlyHub, fails: [], recall },
      'old',
    ]),
]

/** Two packages side by side: single crashes only, since pairs would take minutes. */
const wideStories: typeof stories = [
  ['one updated, one added, one removed', { from: one, to: everything, fails: [] }, 'new'],
  ['the only lanes left failing', { from: one, to: tied, fails: ['probation acme/clock'] }, 'old'],
  ['a step of those that go together', { from: one, to: tied, fails: ['start:acme/hub'] }, 'old'],
]

/** Lanes: what failed keeps its old release, the others have their new ones. */
const laneStories: [name: string, story: Story, end: Generation][] = [
  'fetch:acme/clock',
  'install:acme/clock',
  'copy:acme/clock',
  'start:acme/clock',
  'probation acme/clock',
].map(fault => [fault, { from: one, to: everything, fails: [fault] }, withoutClock])

const hubFaults: typeof laneStories = [
  'fetch:acme/hub',
  'stop:acme/hub',
  'migrate:acme/hub',
  'start:acme/hub',
  'probation acme/hub',
].map(fault => [fault, { from: one, to: everything, fails: [fault] }, withOldHub])

/** A lane after another: generation 4 is what is left of 2 and 3. */
const laterFaults: typeof laneStories = [
  ['fetch:acme/hub', 'probation acme/clock'],
  ['probation acme/hub', 'probation acme/clock'],
  ['migrate:acme/hub', 'start:acme/clock'],
].map(fails => [fails.join(', then '), { from: one, to: everything, fails }, withNeither])

describe('a change whose agent is killed at any call, and at any call of its next life', () => {
  for (const [name, story, end] of stories) {
    test(`ends in exactly the ${end} generation: ${name}`, async () => {
      assert.deepEqual(await faultsOf(story, end, 2), [])
    })
  }
  for (const [name, story, end] of handStories) {
    test(`by hand ends in exactly the ${end} generation: ${name}`, async () => {
      assert.deepEqual(await faultsOf(story, end, 1), [])
    })
  }
  for (const [name, story, end] of wideStories) {
    test(`ends in exactly the ${end} generation: ${name}`, async () => {
      assert.deepEqual(await faultsOf(story, end, 1), [])
    })
  }
  for (const [name, story, end] of [...laneStories, ...hubFaults, ...laterFaults]) {
    test(`ends with the old release of what failed and the new ones of the others: ${name}`, async () => {
      assert.deepEqual(await faultsOf(story, end, 1), [])
    })
  }
})

describe('the crash check itself', () => {
  const broken: [rule: string, mutation: Mutation, fails: string[]][] = [
    ['1, begin before the first effect', 'no begin', ['migrate:acme/hub']],
    ['2, abort before the first undo', 'late abort', ['probation']],
    ['3, the failed step is undone too', 'failed step stays', ['activate']],
    ['4, nothing irreversible before commit', 'early tidying', ['probation']],
    ['5, commit needs the verdict', 'blind probation', ['probation']],
  ]
  for (const [rule, mutation, fails] of broken) {
    test(`notices when rule ${rule} is dropped`, async () => {
      const story = { from: one, to: onlyHub, fails }
      assert.notDeepEqual(await faultsOf(story, 'old', 1, mutation), [])
    })
  }
  test('notices when a step that was begun is not undone', async () => {
    const story = { from: one, to: onlyHub, fails: ['probation', 'undo activate'] }
    assert.notDeepEqual(await faultsOf(story, 'old', 1), [])
  })
})

type End = 'old' | 'new' | Generation

interface Search {
  readonly story: Story
  readonly end: End
  readonly mutation: Mutation
  /** Every way in which some sequence of crashes ends in neither generation. */
  readonly faults: string[]
}

/** The first few faults; empty when there is none. So many lives of the agent may end in a crash. */
async function faultsOf(
  story: Story,
  end: End,
  crashes: 1 | 2,
  mutation: Mutation = 'none',
): Promise<string[]> {
  const search: Search = { story, end, mutation, faults: [] }
  await explore(deviceBefore(story), search, crashes, [])
  return search.faults.slice(0, 3)
}

/** From one state of the device: a life that is let through, and one that ends at each of its calls. */
async function explore(
  device: Device,
  search: Search,
  crashes: number,
  trail: readonly number[],
): Promise<void> {
  await lifeEnds(copyOf(device), search, Number.POSITIVE_INFINITY, trail)
  for (let point = 0; crashes > 0; point++) {
    const copy = copyOf(device)
    if (await lifeEnds(copy, search, point, [...trail, point])) return
    await explore(copy, search, crashes - 1, [...trail, point])
  }
}

/** Whether a life came to the end of the change, well or not; what is wrong is noted. */
async function lifeEnds(
  device: Device,
  { story, end, mutation, faults }: Search,
  point: number,
  trail: readonly number[],
): Promise<boolean> {
  const note = (fault: string | undefined): boolean =>
    fault !== undefined && faults.push(`${trail.join(', ')}: ${fault}`) > 0
  try {
    const isOver = await livesOn(device, story, point, mutation)
    const dangling = danglingIn(device)
    const fault = isOver ? differenceFrom(device, story, generationAt(story, end)) : undefined
    return note(dangling ?? fault) || isOver
  } catch (error) {
    return note(String(error))
  }
}

/** Bytes and generations are never changed in place. */
function copyOf({ disk, running }: Device): Device {
  const { objects, trees, data, generations } = disk
  const fetched = [...disk.fetched]
  const sets = { objects: new Set(objects), trees: new Set(trees), fetched }
  const maps = { data: new Map(data), generations: new Map(generations) }
  return { disk: { ...disk, ...sets, ...maps }, running: new Map(running) }
}

async function livesOn(
  device: Device,
  story: Story,
  point: number,
  mutation: Mutation,
): Promise<boolean> {
  try {
    await live(device, story, point, mutation)
    return true
  } catch (error) {
    if (error instanceof Crash) return false
    throw error
  }
}

function generationAt({ from, to }: Story, end: End): Generation {
  if (typeof end === 'object') return end
  return end === 'new' ? to : from
}

/** At every crash what the pointer names is whole: power could stay away and come back years later. */
function danglingIn({ disk }: Device): string | undefined {
  const isWhole = currentOf(disk).packages.every(
    pkg => disk.trees.has(pkg.tree.digest) && disk.data.has(dataOf(pkg)),
  )
  return isWhole ? undefined : `generation ${disk.pointer} is not whole`
}

function differenceFrom(
  { disk, running }: Device,
  story: Story,
  wanted: Generation,
): string | undefined {
  const trees = wanted.packages.map(pkg => pkg.tree.digest).sort()
  const found = {
    pointer: disk.pointer,
    trees: [...disk.trees].sort(),
    objects: [...disk.objects].sort(),
    running: [...running.values()].sort(),
    data: [...disk.data].map(String).sort(),
  }
  const right = {
    pointer: wanted.number,
    trees,
    objects: trees,
    running: wanted.packages.map(runOf).sort(),
    data: wanted.packages.map(pkg => `${dataOf(pkg)},${historyOf(pkg, story)}`).sort(),
  }
  const [is, should] = [JSON.stringify(found), JSON.stringify(right)]
  return is === should ? undefined : `${is} is not ${should}`
}

/** Data of the old generation is untouched, that of the new one is a copy, migrated exactly once. */
function historyOf(pkg: GenerationPackage, { from }: Story): string {
  if (pkg.restored) return `${pkg.package} data of then`
  const before = packageOf(from, pkg.package)
  if (before === undefined) return 'fresh'
  const isMigrated = before.data !== pkg.data && pkg.behaviour.hooks?.migrate !== undefined
  return `${pkg.package} data${isMigrated ? ' migrated' : ''}`
}
