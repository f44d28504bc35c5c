import assert from 'node:assert/strict'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { programs } from '../../packages/cli/src/process/checkout.ts'
import type { Besieged } from '../besieged.ts'
import { whyNoPage } from '../page.ts'
import { Siege } from '../siege.ts'
import { pageOf } from './attack.ts'
import { heldOrder } from './forge.ts'
import { mutateServer } from './mutant.ts'
import { copyPrepared, revisions } from './prepared.ts'

/** Published after the backup was made, and run by the devices. */
const lost = revisions.otherBundled + 1
const again = lost + 1
/** Static files, which a mirror has. */
const mirrored = ['catalogue', 'log']
const calm = { probationSeconds: 1, isWatched: false }

/** The server renews no order but one that no device can have: what it remembers may be long over. */
const without = {
  file: 'packages/server/src/acts/check-in.ts',
  before: ".where('given', '=', 0)\n    .where('counter', '<=', report.counter)",
  after: ".where('counter', '<=', report.counter)",
}

/**
 * The defence is the server's: it tells what it remembers from what is. That of the metadata is in
 * `rollback-of-metadata.test.ts`, that of the log in `log-forked.test.ts`.
 */
describe('a server whose disk is lost', { concurrency: 2, skip: whyNoPage() }, () => {
  test('comes back from an older backup and the catalogue’s files; no device goes back or is stuck', () =>
    withDevices(['defended', 'undefended'], async (siege, devices) => {
      await loseDisk(siege, devices)
      await siege.startServer()
      for (const one of devices) assert.equal(await one.page(), pageOf(lost))
      await siege.publishPage(lost, calm)
      await siege.publishPage(again, calm)
      // A device tells how far its orders have come: the server's next one must be above that.
      for (const one of devices) {
        const { counter } = heldOrder(one)
        const hasTold = async () => (await one.view()).counter === counter || undefined
        await siege.until(`${one.name} to check in`, hasTold)
      }
      for (const one of devices) assert.equal(await one.page(), pageOf(lost))
      await Promise.all(devices.map(one => one.order(again)))
      await Promise.all(devices.map(one => one.runs(again)))
    }))

  test('orders a device back to what it remembers, without its defence', () =>
    withDevices(['undefended'], async (siege, devices) => {
      await loseDisk(siege, devices)
      await siege.startServer(await mutateServer(without, siege.directory))
      await Promise.all(devices.map(one => one.serves(revisions.held)))
    }))
})

/** A backup is made, a release goes out, and then the backup and a mirror are all that is left. */
async function loseDisk(siege: Siege, devices: readonly Besieged[]): Promise<void> {
  const data = join(siege.fleet.home.directory, 'server')
  const backup = join(siege.directory, 'backup')
  const mirror = (name: string) => join(siege.directory, 'mirror', name)
  await siege.stopServer()
  copy(data, backup)
  await siege.startServer()
  await siege.publishPage(lost, calm)
  await Promise.all(devices.map(one => one.order(lost)))
  await Promise.all(devices.map(one => one.runs(lost)))
  await siege.stopServer()
  for (const name of mirrored) copy(join(data, name), mirror(name))
  rmSync(data, { recursive: true })
  copy(backup, data)
  for (const name of mirrored) copy(mirror(name), join(data, name))
}

async function withDevices(
  names: readonly string[],
  story: (siege: Siege, devices: readonly Besieged[]) => Promise<void>,
): Promise<void> {
  const { directory, devices } = await copyPrepared('own')
  const sleepers = devices
    .filter(({ name }) => names.includes(name))
    .map(one => ({ ...one, program: programs.builtAgent }))
  const siege = await Siege.resume(directory, sleepers)
  try {
    const awake = names.map(name => siege.device(name))
    await Promise.all(awake.map(one => one.start()))
    await story(siege, awake)
  } finally {
    await siege.close()
  }
}

/** All but sockets, which no backup holds. */
function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: path => !path.endsWith('.sock') })
}
