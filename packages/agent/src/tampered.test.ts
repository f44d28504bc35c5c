import assert from 'node:assert/strict'
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Digest, digestOf } from '@steadfleet/base'
import type { DeviceEvent } from '@steadfleet/domain'
import { treePath } from './disk/paths.ts'
import { TestDevice } from './testing/device.test.ts'
import { PretendFleet, type Release } from './testing/pretend-fleet.test.ts'
import { endApps, publishScript, startAgent, whyNotShipped } from './testing/shipped-agent.test.ts'

const good = { 'bin/main': 'well\n', 'share/text': 'hello', 'share/more': 'more' }

describe('a device on which somebody changed a byte of what is installed', {
  concurrency: 3,
}, () => {
  test('starts nothing from it, tells, fetches that object alone, and starts then', () =>
    withInstalled(async ({ fleet, device, release, end }) => {
      await end()
      change(join(treePath(device.paths, release.record.tree.digest), 'share/text'))
      await device.start()
      const event = await fleet.untilEvent('security', 'agent/damaged-tree')
      assert.equal(event.details?.path, 'share/text')
      assert.equal(event.details?.expected, digestOf(Buffer.from('hello')))
      assert.equal(event.details?.found, digestOf(Buffer.from('Hello')))
      await started(fleet, device)
      const { details } = await repaired(fleet)
      assert.deepEqual([details?.objects, details?.bytes], [1, 'hello'.length])
      assert.equal(device.apps.calls.filter(call => call.startsWith('start')).length, 2)
      assert.deepEqual(readdirSync(device.paths.damaged).length, 1)
    }))

  test('does not start while the server is away, tries again, and starts once it is back', () =>
    withInstalled(async ({ fleet, device, release, end }) => {
      await end()
      change(join(treePath(device.paths, release.record.tree.digest), 'share/text'))
      await fleet.close()
      await device.start()
      const tries = () => device.logged.filter(({ code }) => code === 'agent/unreachable').length
      const before = tries()
      await fleet.until('three tries', () => (tries() > before + 3 ? true : undefined))
      assert.equal(device.apps.running.size, 0)
      assert.ok(device.logged.some(({ code }) => code === 'agent/damaged-tree'))
      await fleet.reopen()
      await started(fleet, device)
      await fleet.untilEvent('security', 'agent/damaged-tree')
    }))

  test('needs no server where the store still has what the tree lost', () =>
    withInstalled(async ({ fleet, device, release, end }) => {
      await end()
      rmSync(join(treePath(device.paths, release.record.tree.digest), 'share/text'))
      await fleet.close()
      await device.start()
      await started(fleet, device)
      await fleet.reopen()
      const event = await fleet.untilEvent('security', 'agent/damaged-tree')
      assert.equal(event.details?.fault, 'missing')
    }))

  test('fetches a listing anew that was changed', () =>
    withInstalled(async ({ fleet, device, release, end }) => {
      await end()
      change(objectPath(device, release.record.tree.digest))
      await device.start()
      await fleet.untilEvent('security', 'agent/damaged-object')
      await started(fleet, device)
    }))

  test('lets run on what runs when the agent starts, but tells and puts it right', () =>
    withInstalled(async ({ fleet, device, release, stop }) => {
      await stop()
      const file = join(treePath(device.paths, release.record.tree.digest), 'share/text')
      change(file)
      await device.start()
      await fleet.untilEvent('security', 'agent/damaged-tree')
      await repaired(fleet)
      assert.equal(readFileSync(file, 'utf8'), 'hello')
      assert.equal(device.apps.calls.filter(call => call.startsWith('start')).length, 1)
    }))

  test('installs a release that shares the damaged object, whole', () =>
    withInstalled(async ({ fleet, device, release }) => {
      change(join(treePath(device.paths, release.record.tree.digest), 'share/text'))
      const next = await fleet.publish('acme/hub', 2, { ...good, own: '2' })
      await fleet.give([next])
      await fleet.untilState('committed', 2)
      const tree = treePath(device.paths, next.record.tree.digest)
      assert.equal(readFileSync(join(tree, 'share/text'), 'utf8'), 'hello')
      await fleet.untilEvent('security', 'agent/damaged-tree')
    }))

  test('goes back to a release that is put right first', () =>
    withInstalled(async ({ fleet, device, release }) => {
      const bad = await fleet.publish('acme/hub', 2, { ...good, 'bin/main': 'sick\n' })
      change(join(treePath(device.paths, release.record.tree.digest), 'share/more'))
      await fleet.give([bad])
      await fleet.untilState('restored', 1)
      await started(fleet, device)
      assert.equal(device.apps.running.get('acme/hub main')?.revision, 1)
    }))
})

test('the shipped agent keeps an app that was changed from starting, and has it running again', {
  skip: whyNotShipped(),
}, async () => {
  const fleet = await PretendFleet.start()
  const device = await TestDevice.join(fleet)
  await device.stop()
  const { paths } = device
  let agent = await startAgent(paths, fleet)
  try {
    const release = await publishScript(fleet, 1, 'cat /revision; sleep 1000')
    await fleet.give([release])
    await fleet.untilState('committed', 1)
    agent.kill('SIGKILL')
    await endApps(paths)
    change(join(treePath(paths, release.record.tree.digest), 'revision'))
    agent = await startAgent(paths, fleet)
    const { details } = await fleet.untilEvent('security', 'agent/damaged-tree')
    assert.equal(details?.path, 'revision')
    await fleet.until('it to run', () =>
      fleet.reports.at(-1)?.apps.some(app => app.state === 'running') ? true : undefined,
    )
    const text = readFileSync(join(treePath(paths, release.record.tree.digest), 'revision'), 'utf8')
    assert.equal(text, '1')
  } finally {
    agent.kill('SIGKILL')
    await endApps(paths)
    await device[Symbol.asyncDispose]().finally(() => fleet.close())
  }
})

interface Installed {
  readonly fleet: PretendFleet
  readonly device: TestDevice
  readonly release: Release
  /** Ends the agent, and its apps too. */
  readonly end: () => Promise<void>
  readonly stop: () => Promise<void>
}

async function withInstalled(story: (installed: Installed) => Promise<void>): Promise<void> {
  const fleet = await PretendFleet.start()
  const device = await TestDevice.join(fleet)
  try {
    const release = await fleet.publish('acme/hub', 1, good)
    await fleet.give([release])
    await fleet.untilState('committed', 1)
    const stop = () => device.stop()
    const end = async () => {
      await stop()
      device.apps.running.clear()
    }
    await story({ fleet, device, release, end, stop })
  } finally {
    await device[Symbol.asyncDispose]().finally(() => fleet.close())
  }
}

function started(fleet: PretendFleet, device: TestDevice): Promise<boolean> {
  return fleet.until('the app to run', () => device.apps.running.size > 0 || undefined)
}

function repaired(fleet: PretendFleet): Promise<DeviceEvent> {
  return fleet.until('the repair', () =>
    fleet.events.find(event => event.message.startsWith('put tree')),
  )
}

function objectPath({ paths }: TestDevice, digest: Digest): string {
  const hex = digest.slice('sha256:'.length)
  const path = join(paths.objects, hex.slice(0, 2), hex)
  assert.ok(existsSync(path))
  return path
}

/** The first letter in capital, or in small: one byte, in place. */
function change(path: string): void {
  const file = openSync(path, 'r+')
  const byte = readFileSync(path)[0] ?? 0
  writeSync(file, Buffer.from([byte ^ 0x20]), 0, 1, 0)
  closeSync(file)
}
