import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { packageParams } from '../packages/cli/src/fleet/find.ts'
import { programs } from '../packages/cli/src/process/checkout.ts'
import { setSettings } from '../packages/protocol/src/index.ts'
import { heldOrder, ordered, published, signOrder } from './attacks/forge.ts'
import { mount } from './attacks/mirror.ts'
import { copyPrepared, revisions } from './attacks/prepared.ts'
import { steadfleetAll } from './attacks/steadfleet.ts'
import { openVault } from './attacks/vault.ts'
import { type Besieged, page } from './besieged.ts'
import { whyNoPage } from './page.ts'
import { Siege } from './siege.ts'

const skip = whyNoPage()

describe('what an owner decides', { concurrency: false, skip, timeout: 240_000 }, () => {
  let siege: Siege
  let device: Besieged

  before(async () => {
    const { directory, devices } = await copyPrepared('none')
    const sleepers = devices.slice(0, 1).map(one => ({ ...one, program: programs.builtAgent }))
    siege = await Siege.resume(directory, sleepers)
    device = siege.device('defended')
    await device.start()
    await device.serves(revisions.held)
  })
  after(() => siege?.close())

  const owner = (...lines: string[]): Promise<void> => steadfleetAll(siege.fleet.home, lines)
  const settled = (what: string, after: number): Promise<unknown> =>
    siege.until(what, ({ devices }) => {
      const view = devices.find(one => one.id === device.id)
      return (view && view.counter > after && view.counter === view.orderedCounter) || undefined
    })

  test('a new statement of the model reaches the device and outlives its agent', async () => {
    const { counter } = heldOrder(device)
    assert.equal(heldOrder(device).model, 'acme/box/1/all')
    await owner(`model publish --require ${page} --summary Sealed`)
    await settled('an order under the new model', counter)
    assert.equal(heldOrder(device).model, 'acme/box/2/all')
    await device.agent().stop(10_000)
    await device.start()
    await device.serves(revisions.held)
  })

  test('whoever orders what the new model forbids is refused', async () => {
    const vault = openVault(siege.fleet.home)
    const order = await signOrder(vault, device, { releases: [] })
    await mount(device.proxy, { order })
    await device.agent().stop(10_000)
    await device.start()
    await device.refusal(/^trust\/required-package$/)
    await device.serves(revisions.held)
    device.proxy.rule = undefined
  })

  test('a refused publisher’s release runs on, and orders still reach it', async () => {
    await owner('policy refuse acme acme', 'policy apply')
    const { counter } = heldOrder(device)
    const params = {
      fleet: siege.fleet.home.fleet,
      ...packageParams(page),
      scope: 'device',
      target: device.id,
    } as const
    await siege.fleet.client.call(setSettings, { params, body: { values: { greeting: 'still' } } })
    await settled('settings under the new policy', counter)
    await device.serves(revisions.held)
    assert.deepEqual((await device.view()).disallowed, [page])
  })

  test('nothing new of it comes, whether the server is honest or its keys are stolen', async () => {
    await assert.rejects(device.order(revisions.next), { code: 'release/not-allowed' })
    const vault = openVault(siege.fleet.home)
    const releases = ordered(device, published(vault, revisions.next))
    await mount(device.proxy, { order: await signOrder(vault, device, { releases }) })
    await device.agent().stop(10_000)
    await device.start()
    await device.refusal(/^trust\/not-allowed$/)
    await device.serves(revisions.held)
    device.proxy.rule = undefined
  })

  test('allowed again, its next release comes', async () => {
    await owner('policy allow acme acme', 'policy apply')
    await device.order(revisions.next)
    await device.runs(revisions.next)
  })
})
