import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { before, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { toHexDigest } from '@steadfleet/base'
import { agentName, LaunchedAgent, publishAgent } from '../testing/launched-agent.test.ts'
import { PretendFleet } from '../testing/pretend-fleet.test.ts'
import { whyNotShipped } from '../testing/shipped-agent.test.ts'

/** So many calls of an update are killed at; `STEADFLEET_KILLS=all` takes each of them, for minutes. */
const kills = process.env.STEADFLEET_KILLS ?? '3'
const unarmed = 1_000_000
const preload = resolve('packages/agent/src/testing/kill-at.mjs')

describe('the agent that updates itself, killed', { skip: whyNotShipped() }, () => {
  before(() => {
    execFileSync(process.execPath, ['packages/agent/build.mjs'])
  })

  test('at its calls to the disk, one by one, has the new agent in the end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'steadfleet-killed-at-'))
    const armed = join(folder, 'armed')
    const fleet = await PretendFleet.start({ agent: agentName })
    const environment = { STEADFLEET_KILL_AT: armed, NODE_OPTIONS: `--import=${preload}` }
    try {
      await using device = await LaunchedAgent.join(fleet, environment)
      writeFileSync(armed, `${unarmed}`)
      await update(fleet, device, 1)
      const calls = unarmed - Number(readFileSync(armed, 'utf8'))
      assert.ok(calls > 50, `${calls} calls`)
      for (const [i, at] of pointsOf(calls).entries()) {
        writeFileSync(armed, `${at}`)
        await update(fleet, device, i + 2)
        // Another update has other calls: where it had fewer, nothing was killed, and that is told.
        if (existsSync(armed)) console.log(`call ${at} of ${calls} did not come`)
        rmSync(armed, { force: true })
      }
      console.log(`${pointsOf(calls).length} of ${calls} calls, ${device.starts} starts`)
    } finally {
      await fleet.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

/** All of them, or so many spread over all. */
function pointsOf(calls: number): number[] {
  const count = kills === 'all' ? calls : Number(kills)
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * calls) / count))
}

async function update(fleet: PretendFleet, device: LaunchedAgent, revision: number): Promise<void> {
  const release = await publishAgent(fleet, revision)
  await fleet.give([release])
  await fleet.untilState('committed', revision, agentName)
  const tree = toHexDigest(release.record.tree.digest)
  assert.equal(device.current, tree, `after update ${revision}`)
  for (let i = 0; i < 300 && !device.line('proven').startsWith(tree); i++) await wait(100)
  assert.match(device.line('proven'), new RegExp(`^${tree} `))
}
