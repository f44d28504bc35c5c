import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Behaviour } from '@steadfleet/domain'
import { openApps } from '../apps/index.ts'
import type { Paths } from '../disk/paths.ts'
import type { PretendFleet, Release } from './pretend-fleet.test.ts'

const agentFile = resolve('build/steadfleet-agent.mjs')
/** The agent as it stands in the checkout: the same program, and nothing to build. */
export const sourceFile = resolve('packages/agent/src/main.ts')
const busybox = '/bin/busybox'

/** A release of `acme/hub` whose app is a shell script, run in the sandbox. */
export function publishScript(
  fleet: PretendFleet,
  revision: number,
  script: string,
  behaviour: Partial<Behaviour> = {},
): Promise<Release> {
  const main = { command: ['bin/busybox', 'sh', '-c', script] }
  const files = { 'bin/busybox': readFileSync(busybox), revision: `${revision}` }
  return fleet.publish('acme/hub', revision, files, { behaviour: { apps: { main }, ...behaviour } })
}

export async function startAgent(
  paths: Paths,
  fleet: PretendFleet,
  program = agentFile,
): Promise<ChildProcess> {
  const args = [program, 'run', '--state', paths.root, '--json']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const reports = fleet.reports.length
  await fleet.until('its first report', () => fleet.reports[reports])
  return child
}

export async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise(done => child.once('close', done))
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await ended
}

export async function run(args: string[], program = agentFile): Promise<void> {
  const child = spawn(process.execPath, [program, ...args], { stdio: 'ignore' })
  const code = await new Promise(done => child.once('close', done))
  assert.equal(code, 0)
}

/** Ends what runs on without its agent, as an uninstall would. */
export async function endApps(paths: Paths): Promise<void> {
  const apps = await openApps({ stateDir: paths.root })
  await apps.adopt([])
  await apps.close()
}

/** Why the shipped agent can't run apps here. */
export function whyNotShipped(): string | false {
  if (!existsSync(busybox)) return 'needs a static busybox to run in the sandbox'
  if (!existsSync('/usr/bin/bwrap')) return 'needs bubblewrap'
  return false
}
