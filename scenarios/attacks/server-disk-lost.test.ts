import assert from 'node:assert/strict'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { programs } from '../../packages/cli/src/process/checkout.ts'
import type { Besieged } from '../besieged.ts'
import { whyNoPage } from '../page.ts'
import { Siege } from '../siege.ts'
import { pageOf } from './attack.ts'
import { heldOrder } from './forge.ts'
import { copyPrepared, revisions } from './prepared.ts'

/** Published after the backup was made, and run by the devices. */
const lost = revisions.afterNext + 1
const again = lost + 1
/** Static files, which a mirror has. */
const mirrored = ['catalogue', 'log']
const calm = { probationSeconds: 1, isWatched: false }

/**
 * No one defence is switched off here: that of the metadata is in `rollback-of-metadata.test.ts`, that
 * of the log in `false-log.test.ts`.
 */
describe('a server whose disk is lost', { skip: whyNoPage() }, () => {
  let siege: Siege
  let devices: readonly Besieged[]
  before(async () => {
    const { directory, devices: two } = await copyPrepared('own')
    siege = await Siege.resume(
      directory,
      two.map(one => ({ ...one, program: programs.builtAgent })),
    )
    devices = two.map(({ name }) => siege.device(name))
    await Promise.all(devices.map(one => one.start()))
  })
  after(() => siege?.close())

  test('comes back from an older backup and the catalogue’s files; no device goes back or is stuck', async () => {
    const data = join(siege.fleet.home.directory, 'server')
    const backup = join(siege.directory, 'backup')
    await siege.stopServer()
    copy(data, backup)
    await siege.startServer()
    await siege.publishPage(lost, calm)
    await Promise.all(devices.map(one => one.order(lost)))
    await Promise.all(devices.map(one => one.runs(lost)))
    await siege.stopServer()
    for (const name of mirrored) copy(join(data, name), join(siege.directory, 'mirror', name))
    rmSync(data, { recursive: true })
    copy(backup, data)
    for (const name of mirrored) copy(join(siege.directory, 'mirror', name), join(data, name))
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
    await Promise.all(devices.map(one => one.order(again)))
    await Promise.all(devices.map(one => one.runs(again)))
  })
})

/** All but sockets, which no backup holds. */
function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: path => !path.endsWith('.sock') })
}
