import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { parsePackageName } from '@steadfleet/domain'
import { runFolder } from '../packages/agent/src/apps/run-record.ts'
import { LaunchedAgent } from '../packages/agent/src/testing/launched-agent.test.ts'
import { PretendFleet } from '../packages/agent/src/testing/pretend-fleet.test.ts'
import { publishScript, whyNotShipped } from '../packages/agent/src/testing/shipped-agent.test.ts'

/** The shipped agent gives a sign of life every 20 s; it may be silent for three of these. */
const environment = { STEADFLEET_HANG_SECONDS: '60' }
const patienceMs = 300_000

test('an agent that stands still is ended by the rescuer, and its app goes on', {
  skip: whyNotShipped(),
}, async () => {
  execFileSync(process.execPath, ['packages/agent/build.mjs'])
  const fleet = await PretendFleet.start()
  try {
    await using device = await LaunchedAgent.join(fleet, environment)
    await fleet.give([await publishScript(fleet, 1, 'exec sleep 1000')])
    await fleet.untilState('committed', 1)
    const folder = runFolder(device.paths.root, parsePackageName('acme/hub'), 'main')
    const keeper = () => readFileSync(join(folder, 'state/keeper'), 'utf8')
    const [before, stopped] = [keeper(), device.pid]
    // Whatever keeps its loop from turning: from outside it is the same.
    if (stopped) process.kill(stopped, 'SIGSTOP')
    const from = performance.now()
    while (device.pid === stopped && performance.now() - from < patienceMs) await wait(500)
    assert.notEqual(device.pid, stopped)
    assert.ok(performance.now() - from > 30_000, 'not before it was silent for long')
    const reports = fleet.reports.length
    await fleet.until('a report of the next one', () => fleet.reports[reports], patienceMs)
    assert.equal(keeper(), before)
  } finally {
    await fleet.close()
  }
})
