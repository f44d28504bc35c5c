import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { signStatement } from '../packages/authority/src/index.ts'
import type { Digest } from '../packages/base/src/index.ts'
import { checkout } from '../packages/cli/src/process/checkout.ts'
import { run } from '../packages/cli/src/process/run.ts'
import { type PackageName, parsePackageName } from '../packages/domain/src/index.ts'
import { deviceTimeline, setSettings } from '../packages/protocol/src/index.ts'
import { parseEnvelopeBytes, payloadTypes, reopenOrder } from '../packages/trust/src/index.ts'
import type { Besieged } from './besieged.ts'
import { keyIn, lamp, type Maker, openMaker, writeLamp } from './maker.ts'
import { pageAt, whyNoPage } from './page.ts'
import { spoiled } from './proxy.ts'
import { Siege } from './siege.ts'
import { freePort } from './stage.ts'

const program = join(checkout, 'packages/cli/src/main.ts')
/** So long the maker's last signatures are good: enough for the owner's server to take them over. */
const lastDaysMs = 16_000

describe('the maker is gone', { concurrency: false, skip: whyNoPage(), timeout: 240_000 }, () => {
  let siege: Siege
  let maker: Maker
  let device: Besieged
  let lampPort: number
  let watch: Watch
  let expired: Date

  before(async () => {
    siege = await Siege.open(['shelf'])
    device = siege.device('shelf')
    maker = await openMaker(siege.directory)
    lampPort = await freePort()
  })
  after(async () => {
    watch?.stop()
    await maker?.server().end('SIGKILL')
    await siege?.close()
  })

  const owner = (...words: string[]): Promise<string> =>
    run(process.execPath, [program, ...words, '--dir', siege.fleet.home.directory])
  const follow = (): Promise<string> =>
    owner('catalogue', 'follow', 'bolt', maker.server().origin, maker.home.catalogueRoot)
  const isServed = (revision: number) =>
    siege.until(`revision ${revision} of the lamp`, async () => {
      return (await pageAt(lampPort)) === `revision ${revision}\n` || undefined
    })

  test('while it was there, its lamp came to the device through the owner’s server', async () => {
    assert.match(await follow(), /bolt is mirrored/)
    assert.match(await owner('policy', 'review'), /\+ publisher bolt of bolt counts/)
    assert.match(await owner('policy', 'apply'), /policy 2 is in force/)
    await device.order(1, parsePackageName(lamp))
    const scope = { scope: 'device', target: device.id } as const
    const params = { fleet: siege.fleet.home.fleet, publisher: 'bolt', name: 'lamp', ...scope }
    await siege.fleet.client.call(setSettings, { params, body: { values: { port: lampPort } } })
    await isServed(1)
    watch = watchPage(lampPort)
  })

  test('its roles all expire and its server goes: what runs runs on', async () => {
    expired = new Date(Date.now() + lastDaysMs)
    await maker.signUntil(expired)
    await follow()
    await maker.server().end('SIGKILL')
    await assert.rejects(follow(), /cannot reach/)
    await wait(Math.max(0, expired.getTime() - Date.now()) + 1000)
    await device.agent().stop(10_000)
    await device.start()
    assert.equal(await pageAt(lampPort), 'revision 1\n')
  })

  test('orders that need nothing new of it go through', async () => {
    await siege.publishPage(2)
    await device.order(2)
    await device.runs(2)
    assert.equal(await pageAt(lampPort), 'revision 1\n')
  })

  test('the owner makes a catalogue by two commands, adopts the lamp, and ships its fix', async () => {
    await owner('catalogue', 'make', 'garden')
    await owner('policy', 'apply')
    await owner('policy', 'adopt', lamp, '--into', 'garden', '--floor', '1')
    await owner('policy', 'apply')
    const folder = writeLamp(join(siege.directory, 'lamp-2'), 2)
    assert.match(await owner('publish', folder), /revision 2 is published/)
    assert.deepEqual(watch.missed(), [])
    watch.stop()
    await device.order(2, parsePackageName(lamp))
    await isServed(2)
  })

  test('the device told that its lamp has another publisher', async () => {
    const params = { device: device.id }
    const told = await siege.until('the adoption in the timeline', async () => {
      const entries = await siege.fleet.client.call(deviceTimeline, { params })
      return entries.find(({ event }) => event.details?.catalogue === 'garden')
    })
    const { package: name, publisher, catalogue, floor } = told.event.details ?? {}
    assert.deepEqual(
      { name, publisher, catalogue, floor },
      { name: lamp, publisher: 'acme', catalogue: 'garden', floor: 1 },
    )
  })

  test('with the maker’s keys and the director’s, nothing of the maker’s comes to the device', async () => {
    const order = await stolenOrder(device, siege.fleet.home.directory)
    device.proxy.rule = asked =>
      asked.endsWith('/check-in')
        ? spoiled(body => Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), order })))
        : undefined
    await device.agent().stop(10_000)
    await device.start()
    const { event } = await device.refusal(/^trust\/not-allowed$/)
    assert.equal(event.details?.package, lamp)
    assert.equal(orderedLamp(device).catalogue, 'bolt')
    assert.equal(await pageAt(lampPort), 'revision 2\n')
  })

  test('what the maker’s keys sign from now on can’t even be ordered', async () => {
    await maker.signUntil(new Date(Date.now() + 3_600_000))
    await maker.restart()
    await maker.publish(7)
    assert.match(await follow(), /bolt is mirrored/)
    const asked = device.order(7, parsePackageName(lamp))
    await assert.rejects(asked, { code: 'release/unknown' })
  })

  test('when the attack ends, the owner ships on', async () => {
    device.proxy.rule = undefined
    const folder = writeLamp(join(siege.directory, 'lamp-3'), 3)
    assert.match(await owner('publish', folder), /revision 3 is published/)
    await device.order(3, parsePackageName(lamp))
    await isServed(3)
  })
})

interface Watch {
  /** What the page said that was not revision 1. */
  missed(): readonly string[]
  stop(): void
}

/** Looks at a page ten times a second. */
function watchPage(port: number): Watch {
  const missed: string[] = []
  const timer = setInterval(async () => {
    const said = await pageAt(port)
    if (said !== 'revision 1\n') missed.push(said)
  }, 100)
  return { missed: () => missed, stop: () => clearInterval(timer) }
}

function heldOrder({ state }: Besieged) {
  const file = readFileSync(join(state, 'trust/order.json'))
  return reopenOrder(parseEnvelopeBytes(file.subarray(0, file.indexOf('\n'))))
}

function orderedLamp(device: Besieged) {
  const found = heldOrder(device).releases.find(one => one.package === (lamp as PackageName))
  if (!found) throw new RangeError('the device was not ordered to run the lamp')
  return found
}

/** The next order of a device, by the director's key: revision 3 of the lamp, from the maker. */
async function stolenOrder(device: Besieged, home: string) {
  const held = heldOrder(device)
  const digest = `sha256:${'ab'.repeat(32)}` as Digest
  const evil = {
    ...orderedLamp(device),
    catalogue: 'bolt',
    revision: 3,
    record: { digest, length: 500 },
  }
  const releases = held.releases.map(one => (one.package === lamp ? evil : one))
  const order = { ...held, issued: new Date(), counter: held.counter + 1, releases }
  return signStatement(payloadTypes.order, order, [keyIn(join(home, 'server/signer'), 'director')])
}
