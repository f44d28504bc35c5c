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

/** Each kind of call is killed at once; `STEADFLEET_KILLS=all` kills at each call, for an hour. */
const isAll = process.env.STEADFLEET_KILLS === 'all'
const kinds = ['rename', 'rm', 'symlink', 'link', 'mkdir', 'sync', 'datasync', 'write']
const preload = resolve('packages/agent/src/testing/kill-at.mjs')

describe('the agent that updates itself, killed', { skip: whyNotShipped() }, () => {
  before(() => {
    execFileSync(process.execPath, ['packages/agent/build.mjs'])
  })

  test('at its calls to the disk, of every kind, has the new agent in the end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'steadfleet-killed-at-'))
    const armed = join(folder, 'armed')
    const fleet = await PretendFleet.start({ agent: agentName })
    const environment = { STEADFLEET_KILL_AT: armed, NODE_OPTIONS: `--import=${preload}` }
    try {
      await using device = await LaunchedAgent.join(fleet, environment)
      writeFileSync(armed, 'nothing 0')
      await update(fleet, device, 1)
      rmSync(armed)
      const calls = linesOf(`${armed}.calls`)
      const rounds = isAll ? calls.map((_, i) => `* ${i}`) : roundsOf(calls)
      for (const [i, lines] of rounds.entries()) {
        writeFileSync(armed, lines)
        await update(fleet, device, i + 2)
        // Another update has other calls: where it had fewer, nothing was killed, and that is told.
        if (existsSync(armed)) console.log(`${readFileSync(armed)} of ${calls.length} did not come`)
        rmSync(armed, { force: true })
      }
      const kills = linesOf(`${armed}.kills`)
      assert.deepEqual([...new Set(kills)].sort(), kinds.toSorted())
      console.log(`${kills.length} kills, ${calls.length} calls, ${device.starts} starts`)
    } finally {
      await fleet.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

/**
 * Two kills an update, of a kind that is rare and of one that is not: a third would have the rescuer go back. The
 * first comes in the middle, the second soon after the start that follows.
 */
function roundsOf(calls: readonly string[]): string[] {
  const count = (kind: string) => calls.filter(call => call === kind).length
  const byCount = kinds.toSorted((a, b) => count(a) - count(b))
  const half = byCount.length / 2
  return byCount.slice(0, half).map((rare, i) => {
    const frequent = byCount[half + i] ?? rare
    return `${rare} ${Math.floor(count(rare) / 2)}\n${frequent} ${Math.floor(count(frequent) / 8)}`
  })
}

function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8').trim().split('\n')
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
