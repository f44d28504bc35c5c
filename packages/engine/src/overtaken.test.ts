import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Generation, type GenerationPackage, Superseded } from './index.ts'
import {
  Crash,
  currentOf,
  type Device,
  deviceBefore,
  generationOf,
  live,
  packageAt,
  planNext,
  type Story,
} from './pretend-device.test.ts'

const current = generationOf(1, [packageAt('acme/hub', 1, 1), packageAt('acme/lamp', 1, 1)])
const overtaken = generationOf(2, [packageAt('acme/hub', 2, 2), packageAt('acme/lamp', 2, 2)])

const rows: [what: string, newer: GenerationPackage[], fetched: string[]][] = [
  ['the same of one', [packageAt('acme/hub', 2, 3), packageAt('acme/lamp', 3, 3)], ['acme/lamp 3']],
  ['the same of both', [packageAt('acme/hub', 2, 3), packageAt('acme/lamp', 2, 3)], []],
  ['neither', [packageAt('acme/hub', 3, 3), packageAt('acme/lamp', 1, 1)], ['acme/hub 3']],
]

describe('a change that waits and is overtaken, with a crash at any call', () => {
  for (const [what, packages, fetched] of rows) {
    const newer = generationOf(3, packages)
    test(`fetches nothing twice for an order of ${what}, and leaves nothing behind`, async () => {
      const names = [...overtaken.packages, ...packages]
      for (let point = 0; await isCrashed(point, newer, names, fetched); point++);
    })
  }
})

/** False once no call is left to crash at; what is wrong is thrown. */
async function isCrashed(
  point: number,
  newer: Generation,
  names: readonly GenerationPackage[],
  fetched: readonly string[],
): Promise<boolean> {
  const waiting: Story = { from: current, to: overtaken, fails: [], gate }
  const next: Story = { from: current, to: newer, fails: [] }
  const device = deviceBefore(waiting)
  const isFirst = await dies(device, waiting, point)
  if (isFirst) await live(device, waiting, -1)
  assert.equal(device.disk.pointer, 1, 'what runs was not touched')
  const before = device.disk.fetched.length
  planNext(device, newer)
  // Where the first life was let through, the crash is in the next change.
  const isLater = !isFirst && (await dies(device, next, point - callsOf.get(waiting)!))
  if (isFirst || isLater) await live(device, next, -1)
  const trees = currentOf(device.disk)
    .packages.map(one => one.tree.digest)
    .sort()
  assert.deepEqual([...device.disk.objects].sort(), trees, `crash ${point}`)
  assert.deepEqual([...device.disk.trees].sort(), trees, `crash ${point}`)
  const came = device.disk.fetched.slice(before).map(tree => nameOf(tree, names))
  assert.deepEqual(came, fetched, `crash ${point}`)
  return isFirst || isLater
}

const callsOf = new WeakMap<Story, number>()

async function dies(device: Device, story: Story, point: number): Promise<boolean> {
  try {
    const { calls } = await live(device, story, point)
    callsOf.set(story, calls)
    return false
  } catch (error) {
    if (error instanceof Crash) return true
    throw error
  }
}

async function gate(): Promise<void> {
  throw new Superseded('engine/superseded', 'order 3 came')
}

function nameOf(tree: string, packages: readonly GenerationPackage[]): string {
  const one = packages.find(other => other.tree.digest === tree)
  return `${one?.package} ${one?.revision}`
}
