import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { connect } from '../packages/cli/src/fleet/connect.ts'
import { initFleet } from '../packages/cli/src/fleet/init.ts'
import type { Fleet } from '../packages/cli/src/fleet/open.ts'
import type { ChannelName } from '../packages/domain/src/index.ts'
import {
  createEnrolmentToken,
  followChannel,
  getLog,
  moveChannel,
} from '../packages/protocol/src/index.ts'
import { startServer } from '../packages/server/src/testing/server-process.ts'
import { joinDevice, type TestDevice } from '../packages/server/src/testing/test-device.ts'
import { blocksOf } from '../tools/guide.ts'
import { publishFolder } from './publish-folder.ts'
import { freePort } from './stage.ts'

const steadfleet = resolve('packages/cli/bin/steadfleet.mjs')

test('the runbook server-disk-lost works word by word', { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-disk-'))
  const port = await freePort()
  const home = join(folder, 'my-fleet')
  const data = join(home, 'server')
  const words = ['--second-store', join(folder, 'second-store')]
  const choices = { fleet: 'home', publisher: 'acme', model: 'box', required: [] }
  const server = `http://127.0.0.1:${port}`
  const world = { now: () => new Date(), random: (length: number) => randomBytes(length) }
  const fleet = await initFleet(home, { ...choices, server, keys: 'unencrypted' }, world)
  cpSync(join(data, 'signer'), join(folder, 'online-keys'), { recursive: true })
  let running = await startServer(data, port, words)
  try {
    const client = await connect(fleet.home)
    await giveHub({ home: fleet.home, client }, folder)
    await typeBlocks('run', folder)
    const params = { fleet: fleet.home.fleet }
    const { token } = await client.call(createEnrolmentToken, { params, body: {} })
    const device = await joinDevice(server, token)
    const held = await orderAbove(device, 0)
    const { published } = await client.call(getLog, {})
    await running.end('SIGKILL')
    rmSync(data, { recursive: true })
    await typeBlocks('run at the end', folder)
    running = await startServer(data, port, words)
    assert.ok((await orderAbove(device, held)) > held)
    const log = await (await connect(fleet.home)).call(getLog, {})
    assert.deepEqual([log.published, log.trouble], [published, null])
  } finally {
    await running.end('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  }
})

/** Devices have something to be ordered: the least that a package may be. */
async function giveHub(fleet: Fleet, folder: string): Promise<void> {
  const path = join(folder, 'hub')
  mkdirSync(join(path, 'app'), { recursive: true })
  writeFileSync(join(path, 'app/run'), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(join(path, 'steadfleet.yaml'), hub)
  await publishFolder(fleet, { path, cache: join(folder, 'cache') })
  const named = { publisher: 'acme', name: 'hub' }
  const params = { fleet: fleet.home.fleet, ...named }
  const channel = 'latest/stable' as ChannelName
  await fleet.client.call(followChannel, { params, body: { channel } })
  const at = { ...named, track: 'latest', risk: 'stable' }
  await fleet.client.call(moveChannel, { params: at, body: { revision: 1 } })
}

const hub = `
name: hub
publisher: acme
version: 1.0.0
architectures: [amd64, arm64]
sources:
  - directory: app
apps:
  main: { command: [run] }
support-end: 2030-01-31
security-contact: mailto:security@acme.example
`

/** What a reader types before the disk is lost, or after it. */
async function typeBlocks(does: 'run' | 'run at the end', cwd: string): Promise<void> {
  const own = `npx() { "$@"; }; steadfleet() { "${process.execPath}" "${steadfleet}" "$@"; }`
  const blocks = blocksOf('docs/runbooks/server-disk-lost.md').filter(block => block.does === does)
  assert.ok(blocks.length > 0)
  for (const block of blocks) {
    const script = 'script' in block ? block.script : ''
    await promisify(execFile)('bash', ['-c', `set -e\n${own}\n${script}`], { cwd })
  }
}

/** The counter of the order that the server gives a device which holds one of this counter. */
async function orderAbove(device: TestDevice, counter: number): Promise<number> {
  for (let tries = 0; tries < 400; tries += 1) {
    const { order } = await device.checkIn({ counter })
    if (order) return JSON.parse(Buffer.from(order.payload, 'base64').toString()).counter
    await wait(50)
  }
  return assert.fail(`no order above ${counter} comes`)
}
