import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { type Paths, pathsOf } from './disk/paths.ts'
import { PretendFleet } from './testing/pretend-fleet.test.ts'
import {
  endApps,
  kill,
  publishScript,
  run,
  startAgent,
  whyNotShipped,
} from './testing/shipped-agent.test.ts'
import { damages, type Tear } from './testing/tear.test.ts'

const floors = { 'trust/floors-a': 'is zeroed', 'trust/floors-b': 'is half there' }

/** What is torn before each next release, by what it is. */
const rows: Readonly<Record<string, (paths: Paths) => Tear>> = {
  'both floor cells': () => floors,
  'the pointer and its journal': ({ journal }) => ({
    current: 'is gone',
    [`journal/${readdirSync(journal).sort().at(-2)}`]: 'is zeroed',
  }),
  'owner root and policy': () => ({
    'trust/owner-root.json': 'is half there',
    'trust/owner-root.json.2': 'is empty',
    'trust/policy.json': 'is gone',
    'trust/policy.json.2': 'has a bit changed in the middle',
  }),
  'two copies of the key, and of the enrolment': () => ({
    'identity/device.key': 'is zeroed',
    'identity/device.key.3': 'is gone',
    'identity/enrolment.json': 'is half there',
    'identity/enrolment.json.2': 'has a bit changed at its start',
  }),
  'the lock and the order': () => ({
    'lock.db': 'is another file',
    'trust/order.json': 'is zeroed',
    'trust/order.json.2': 'is zeroed',
  }),
}

describe('the shipped agent, its state torn,', { skip: whyNotShipped() }, () => {
  before(() => {
    execFileSync(process.execPath, ['packages/agent/build.mjs'])
  })

  test('comes back on what it ran, and takes the next release', async () => {
    const fleet = await PretendFleet.start()
    const state = mkdtempSync(join(tmpdir(), 'steadfleet-torn-'))
    const paths = pathsOf(join(state, 's'))
    let agent: ChildProcess | undefined
    try {
      await run(['join', fleet.token, '--state', paths.root])
      agent = await startAgent(paths, fleet)
      await order(fleet, 1)
      for (const [i, [what, tearOf]] of Object.entries(rows).entries()) {
        await kill(agent)
        const tear = Object.entries(tearOf(paths))
        const place = { root: paths.root, older: paths.root }
        for (const [file, damage] of tear) damages[damage]?.(join(paths.root, file), place)
        agent = await startAgent(paths, fleet)
        const { releases } = fleet.reports.at(-1) ?? {}
        assert.equal(releases?.[0]?.revision, i + 1, `after a tear of ${what}`)
        await order(fleet, i + 2)
      }
    } finally {
      if (agent) await kill(agent)
      await endApps(paths)
      await fleet.close()
      rmSync(state, { recursive: true, force: true })
    }
  })
})

async function order(fleet: PretendFleet, revision: number): Promise<void> {
  await fleet.give([await publishScript(fleet, revision, 'exec sleep 1000')])
  await fleet.untilState('committed', revision)
}
