import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { toHexDigest } from '@steadfleet/base'
import type { PackageName } from '@steadfleet/domain'
import { runFolder } from '../apps/run-record.ts'
import { currentGeneration } from '../change/generations.ts'
import { treePath } from '../disk/paths.ts'
import { TestDevice } from '../testing/device.test.ts'
import { agentName, LaunchedAgent, publishAgent } from '../testing/launched-agent.test.ts'
import { PretendFleet, type Release } from '../testing/pretend-fleet.test.ts'
import { publishScript, whyNotShipped } from '../testing/shipped-agent.test.ts'
import { agentFile as agentFileName } from './agent-package.ts'

describe('the agent as a package of its own', { skip: whyNotShipped(), concurrency: 2 }, () => {
  before(() => {
    execFileSync(process.execPath, ['packages/agent/build.mjs'])
  })

  test('takes its own place, while its app and a connection to it go on', () =>
    onDevice(async ({ fleet, device }) => {
      const hub = await publishServer(fleet, 1)
      await fleet.give([hub])
      await fleet.untilState('committed', 1)
      const connection = await talkTo(fleet)
      assert.equal(await connection.say('before'), 'before')
      const [pid, keeper] = [device.pid, keeperOf(device)]
      const beat = join(device.home, `steadfleet-agent-${pid}`)
      await until(() => existsSync(beat) && Number(readFileSync(beat, 'utf8')) > 0)
      const first = await publishAgent(fleet, 1)
      await fleet.give([hub, first])
      await fleet.untilState('committed', 1, agentName)
      assert.equal(device.current, treeOf(first))
      assert.notEqual(device.pid, pid)
      await until(() => device.line('proven') === `${treeOf(first)} 2`)
      assert.equal(device.line('starts'), '0')
      const second = await publishAgent(fleet, 2, '', { floor: 2 })
      await fleet.give([hub, second])
      await fleet.untilState('committed', 2, agentName)
      assert.equal(device.current, treeOf(second))
      await until(() => device.line('previous') === '')
      assert.equal(keeperOf(device), keeper)
      assert.equal(await connection.say('still there'), 'still there')
      connection.end()
      // An order that says nothing of the agent leaves the one that runs.
      await fleet.give([await publishServer(fleet, 2)])
      const report = await fleet.untilState('committed', 2)
      assert.equal(report.releases.find(one => one.package === agentName)?.revision, 2)
      assert.equal(device.current, treeOf(second))
      // One byte more in its file, and the next start is that of the agent the device was given.
      const before = device.pid
      appendFileSync(join(treePath(device.paths, second.record.tree.digest), agentFileName), ' ')
      device.kill()
      const told = await fleet.untilEvent('agent', 'agent/rescued')
      assert.match(told.message, /from agent sha256:.*, whose file is not what it was, to own/)
      assert.notEqual(device.pid, before)
    }))

  test('is gone back from by the rescuer when it cannot start, and told; the app’s new release stays', () =>
    onDevice(async ({ fleet, device }) => {
      const bad = await publishAgent(fleet, 1, breakAfterTrying)
      await fleet.give([bad, await publishServer(fleet, 1)])
      const report = await fleet.untilState('committed', 1)
      assert.deepEqual(
        report.releases.map(one => one.package),
        ['acme/hub'],
      )
      assert.equal(device.current, 'own')
      assert.ok(device.starts >= 5, `${device.starts} starts`)
      const told = await fleet.untilEvent('agent', 'agent/rescued')
      assert.match(told.message, /went back from agent sha256:.* to own after 3 starts/)
      const { failure } = await fleet.untilEvent('failure')
      assert.equal(failure?.package, agentName)
      const good = await publishAgent(fleet, 2)
      await fleet.give([good, await publishServer(fleet, 1)])
      await fleet.untilState('committed', 2, agentName)
      assert.equal(device.current, treeOf(good))
    }))

  test('is gone back from when it does not reach its fleet, which can be reached', () =>
    onDevice(async ({ fleet, device }) => {
      const deaf = await publishAgent(fleet, 1, breakHttp, { startSeconds: 3 })
      await fleet.give([deaf])
      const { failure } = await fleet.untilEvent('failure', 'engine/probation')
      assert.match(failure?.reason ?? '', /was not ready in 3 s: it has not reached its fleet/)
      await fleet.until('its end', () => fleet.reports.at(-1)?.state === 'restored' || undefined)
      assert.equal(device.current, 'own')
    }))

  test('is healthy where nothing at all is reached', () =>
    onDevice(async ({ fleet, device }) => {
      const alone = await publishAgent(fleet, 1)
      const gone = whenPointed(device).then(() => fleet.close())
      await fleet.give([alone])
      await gone
      await until(() => device.line('proven') === `${treeOf(alone)} 1`)
      await fleet.reopen()
      await fleet.untilState('committed', 1, agentName)
    }))
})

describe('a package that wants to be the agent', () => {
  const rows = [
    ['that the owner’s ceiling does not name is refused', 'acme/other', 'agent/not-named'],
    ['that the owner’s ceiling names by * alone is refused', '*', 'agent/not-named'],
    ['is refused where nothing starts the agent again', agentName, 'agent/not-launched'],
  ] as const
  for (const [what, agent, code] of rows) {
    test(what, async () => {
      const fleet = await PretendFleet.start({ agent })
      await using device = await TestDevice.join(fleet)
      try {
        await fleet.give([await publishAgent(fleet, 1)])
        const event = await fleet.until(code, () => fleet.events.find(one => one.code === code))
        assert.match(event.message, /cannot run acme\/agent as the agent/)
        await fleet.until(
          'its end',
          () => /^(restored|committed)$/.test(`${fleet.reports.at(-1)?.state}`) || undefined,
        )
        assert.equal((await currentGeneration(device.paths)).packages.length, 0)
      } finally {
        await fleet.close()
      }
    })
  }
})

test('an agent refuses a state that a newer one has changed beyond its reading', async () => {
  const fleet = await PretendFleet.start()
  await using device = await TestDevice.join(fleet)
  try {
    await device.stop()
    for (const [text, code] of [
      ['2\n', 'agent/newer-state'],
      ['1\n'],
      ['garbage'],
      [''],
    ] as const) {
      writeFileSync(join(device.paths.root, 'format'), text)
      if (code) await assert.rejects(device.start(), { code })
      else await device.start().then(() => device.stop())
    }
  } finally {
    await fleet.close()
  }
})

/** Reads well when it is tried out, and dies whenever it is run. */
const breakAfterTrying = `if (process.argv[2] === 'run') process.exit(3)`
const breakHttp = `process.getBuiltinModule('node:http').request = () => { throw new Error('no') }`

/** One for each fleet, below the ports that the kernel gives out. */
function portOf({ origin }: PretendFleet): number {
  return 20_000 + (Number(new URL(origin).port) % 10_000)
}

/** An app that says back what it hears, as long as it lives. */
function publishServer(fleet: PretendFleet, revision: number): Promise<Release> {
  const port = portOf(fleet)
  const script = `exec bin/busybox nc -ll -p ${port} -e bin/busybox cat`
  const interfaces = [{ interface: 'network-listen', ports: [{ port }] }]
  return publishScript(fleet, revision, script, { interfaces })
}

interface Talk {
  say(text: string): Promise<string>
  end(): void
}

async function talkTo(fleet: PretendFleet): Promise<Talk> {
  const socket = connect(portOf(fleet), '127.0.0.1')
  const lines = socket.setEncoding('utf8')[Symbol.asyncIterator]()
  return {
    async say(text) {
      socket.write(text)
      return (await lines.next()).value
    },
    end: () => socket.destroy(),
  }
}

/** Who waits for the app, as it wrote itself down: another run would have another. */
function keeperOf({ paths }: LaunchedAgent): string {
  return readFileSync(
    join(runFolder(paths.root, 'acme/hub' as PackageName, 'main'), 'state/keeper'),
    'utf8',
  )
}

/** Fulfilled once the next start is that of another agent. */
function whenPointed(device: LaunchedAgent): Promise<void> {
  const before = device.current
  return until(() => device.current !== before)
}

async function until(is: () => boolean): Promise<void> {
  for (let i = 0; i < 3000 && !is(); i++) await wait(10)
  assert.ok(is(), `not so after 30 s: ${is}`)
}

interface Scene {
  readonly fleet: PretendFleet
  readonly device: LaunchedAgent
}

async function onDevice(story: (scene: Scene) => Promise<void>): Promise<void> {
  const fleet = await PretendFleet.start({ agent: agentName, interfaces: ['network-listen'] })
  try {
    await using device = await LaunchedAgent.join(fleet)
    await story({ fleet, device })
  } finally {
    await fleet.close()
  }
}

function treeOf({ record }: Release): string {
  return toHexDigest(record.tree.digest)
}
