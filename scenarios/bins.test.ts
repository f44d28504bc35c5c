import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parsePackageName } from '../packages/domain/src/index.ts'
import { setSettings } from '../packages/protocol/src/index.ts'
import { steadfleet, steadfleetAll } from './attacks/steadfleet.ts'
import type { Besieged } from './besieged.ts'
import { lamp, type Maker, openMaker, writeLamp } from './maker.ts'
import { pageAt, whyNoPage } from './page.ts'
import { Siege } from './siege.ts'
import { freePort } from './stage.ts'

const skip = whyNoPage()

describe('a lamp out of bins', { concurrency: false, skip, timeout: 240_000 }, () => {
  let siege: Siege
  let maker: Maker
  let device: Besieged
  let lampPort: number

  before(async () => {
    siege = await Siege.open(['shelf'])
    device = siege.device('shelf')
    maker = await openMaker(siege.directory)
    lampPort = await freePort()
  })
  after(async () => {
    await maker?.server().end('SIGKILL')
    await siege?.close()
  })

  const owner = (...lines: string[]): Promise<void> => steadfleetAll(siege.fleet.home, lines)
  const follow = () => `catalogue follow bolt ${maker.server().origin} ${maker.home.catalogueRoot}`
  const serves = async (revision: number): Promise<void> => {
    await siege.until(`revision ${revision} of the lamp`, async () => {
      return (await pageAt(lampPort)) === `revision ${revision}\n` || undefined
    })
  }

  test('the maker’s four bins come through the owner’s mirror; the device asks for one', async () => {
    await steadfleetAll(maker.home, ['publisher bins 4'])
    await owner(follow(), 'policy apply')
    await device.order(1, parsePackageName(lamp))
    const scope = { scope: 'device', target: device.id } as const
    const params = { fleet: siege.fleet.home.fleet, publisher: 'bolt', name: 'lamp', ...scope }
    await siege.fleet.client.call(setSettings, { params, body: { values: { port: lampPort } } })
    await serves(1)
    assert.equal(binsOf(device, 'bolt').length, 1)
  })

  test('an adopted lamp lies in sixteen bins that two keys sign', async () => {
    await owner(
      'keys make gardener --unencrypted',
      'keys make neighbour --unencrypted',
      'catalogue make garden --key gardener --key neighbour --threshold 2',
      'policy apply',
      `policy adopt ${lamp} --into garden --floor 1`,
      'policy apply',
      'publisher bins 16 --catalogue garden --key gardener --key neighbour',
    )
    const folder = writeLamp(join(siege.directory, 'lamp-2'), 2)
    const alone = `publish ${folder} --catalogue garden --key gardener --out ${siege.directory}/lamp-2.draft`
    assert.equal((await steadfleet(siege.fleet.home, alone)).exit, 0)
    await assert.rejects(device.order(2, parsePackageName(lamp)), { code: 'release/unknown' })
    await owner(`publish ${folder} --catalogue garden --key gardener --key neighbour`)
    await device.order(2, parsePackageName(lamp))
    await serves(2)
    assert.equal(binsOf(device, 'garden').length, 1)
  })
})

/** The bins of a catalogue that a device keeps. */
function binsOf({ state }: Besieged, catalogue: string): string[] {
  const folder = join(state, `trust/catalogue-${catalogue}/current`)
  return readdirSync(folder).filter(name => name.includes('.bin-'))
}
