import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { before, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { currentGeneration } from './change/follow-order.ts'
import { type Paths, pathsOf, treePath } from './disk/paths.ts'
import { PretendFleet } from './testing/pretend-fleet.test.ts'

const agentFile = resolve('build/steadfleet-agent.mjs')
const busybox = '/bin/busybox'
const skip = whyNot()

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

function publish(fleet: PretendFleet, revision: number, isGood: boolean) {
  const script = isGood ? 'exec sleep 1000' : 'sleep 0.3; exit 3'
  const main = { command: ['bin/busybox', 'sh', '-c', script] }
  const files = { 'bin/busybox': readFileSync(busybox), revision: `${revision}` }
  return fleet.publish('acme/hub', revision, files, { behaviour: { apps: { main } } })
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

async function startAgent(paths: Paths, fleet: PretendFleet): Promise<ChildProcess> {
  const args = [agentFile, 'run', '--state', paths.root, '--json']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const reports = fleet.reports.length
  await fleet.until('its first report', () => fleet.reports[reports])
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise(done => child.once('close', done))
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await ended
}

async function run(args: string[]): Promise<void> {
  const child = spawn(process.execPath, [agentFile, ...args], { stdio: 'ignore' })
  const code = await new Promise(done => child.once('close', done))
  assert.equal(code, 0)
}

/** Ends what runs on without its agent, as an uninstall would. */
async function endApps(paths: Paths): Promise<void> {
  const { openApps } = await import('./apps/index.ts')
  const apps = await openApps({ stateDir: paths.root })
  await apps.adopt([])
  await apps.close()
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

function whyNot(): string | false {
  if (!existsSync(busybox)) return 'needs a static busybox to run in the sandbox'
  if (!existsSync('/usr/bin/bwrap')) return 'needs bubblewrap'
  return false
}
