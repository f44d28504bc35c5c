import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { currentGeneration } from './change/generations.ts'
import { type Paths, pathsOf, treePath } from './disk/paths.ts'
import { PretendFleet, type Release } from './testing/pretend-fleet.test.ts'
import {
  endApps,
  kill,
  publishScript,
  run,
  startAgent,
  whyNotShipped,
} from './testing/shipped-agent.test.ts'

const skip = whyNotShipped()

/** One and the same sequence of moments in every run. */
const seed = 20_261_121
const kills = 8

describe('the shipped agent, killed with SIGKILL', { skip }, () => {
  before(() => {
    execFileSync(process.execPath, ['packages/agent/build.mjs'])
  })

  test(`at ${kills} moments of its changes ends in exactly the old or the new generation`, async () => {
    const fleet = await PretendFleet.start()
    const state = mkdtempSync(join(tmpdir(), 'steadfleet-killed-'))
    const paths = pathsOf(join(state, 's'))
    let agent: ChildProcess | undefined
    try {
      await run(['join', fleet.token, '--state', paths.root])
      agent = await startAgent(paths, fleet)
      const random = randomFrom(seed)
      for (let revision = 1; revision <= kills; revision++) {
        // Each third release is one that dies, so that the ways back are met too.
        const isGood = revision % 3 !== 0
        await fleet.give([await publish(fleet, revision, isGood)])
        await wait(random() * 2500)
        await kill(agent)
        await refuseTornGeneration(paths)
        agent = await startAgent(paths, fleet)
        await fleet.until(`the end of change ${revision}`, () => endOf(fleet, revision), 40_000)
        const { packages } = await currentGeneration(paths)
        const expected = isGood ? revision : revision - 1
        assert.equal(packages[0]?.revision, expected, `revision ${revision}`)
      }
    } finally {
      if (agent) await kill(agent)
      await endApps(paths)
      await fleet.close()
      rmSync(state, { recursive: true, force: true })
    }
  })
})

function publish(fleet: PretendFleet, revision: number, isGood: boolean): Promise<Release> {
  return publishScript(fleet, revision, isGood ? 'exec sleep 1000' : 'sleep 0.3; exit 3')
}

/** How the change of this order ended, as the device itself says it. */
function endOf(fleet: PretendFleet, counter: number): string | undefined {
  const report = fleet.reports.at(-1)
  const isOver = report?.counter === counter && ['committed', 'restored'].includes(report.state)
  if (!isOver) return undefined
  const isGood = counter % 3 !== 0
  const revision = report.releases[0]?.revision
  return isGood === (revision === counter) && isGood === (report.state === 'committed')
    ? report.state
    : undefined
}

/** What the pointer names is whole at the moment of the kill, not only after the next start. */
async function refuseTornGeneration(paths: Paths): Promise<void> {
  const { packages } = await currentGeneration(paths)
  for (const one of packages) assert.ok(existsSync(treePath(paths, one.tree.digest)))
}

/** A small generator of numbers in [0, 1): mulberry32. */
function randomFrom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
