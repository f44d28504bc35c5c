import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { networkNeeds } from '@steadfleet/confine'
import { toMud } from '@steadfleet/confine/mud'
import { type Host, internetAddress, Lab, otherAddress, whyNoLab } from './testing/lab.ts'

const list = '../shared/data/mirai-credentials.csv'
const whyNot = whyNoLab || (!existsSync(list) && `${list} is not there`)

/** A camera that may talk to its maker’s cloud, and to nobody else. */
const camera = toMud(
  networkNeeds([
    { interface: 'network', endpoints: [{ host: 'cloud.camera.example', port: 443 }] },
  ]),
  {
    url: 'https://camera.example/mud/camera.json',
    lastUpdate: new Date('2026-11-21T00:00:00Z'),
    isSupported: true,
    about: { systeminfo: 'A camera' },
  },
)

/** What a victim got. */
interface Heard {
  readonly connections: number
  readonly packets: number
  readonly texts: readonly string[]
}

describe('a camera that was taken over', { skip: whyNot }, () => {
  const lab = new Lab(2)
  const [bot, neighbour] = lab.devices as [Host, Host]
  const pairs = whyNot ? [] : credentials()
  const floods = 3000

  before(async () => {
    await lab.open()
    lab.write('camera.json', new TextDecoder().decode(camera))
    await lab.internet.do('dns', { names: { 'cloud.camera.example': [internetAddress] } })
    for (const port of [443, 23]) await lab.internet.do('serve', { port })
    await lab.internet.do('serve', { port: 9, protocol: 'udp' })
    await neighbour.do('serve', { port: 23 })
  })
  after(() => lab.close())

  /** Scans for telnet, tries what it knows where somebody answers, and floods. Bounded in time and count. */
  async function attack(): Promise<void> {
    const victims = [otherAddress, Lab.address(1)]
    const tries = victims.flatMap(host => [
      ...[23, 2323].map(port => bot.reach(host, port)),
      ...pairs.map(send => bot.reach(host, 23, 'tcp', { send, within: 4000 })),
    ])
    await Promise.all([...tries, bot.do('shout', { host: otherAddress, port: 9, count: floods })])
  }

  test('does it all where nobody stands in its way', async () => {
    await attack()
    const [victim, near] = await heard()
    assert.equal(victim.texts.filter(text => /\n/.test(text)).length, pairs.length)
    assert.equal(near.texts.filter(text => /\n/.test(text)).length, pairs.length)
    // A busy machine loses what its sockets can't hold; a tenth is a flood all the same.
    assert.ok(victim.packets > floods / 10, `${victim.packets} packets`)
  })

  test('does none of it behind the gateway, and still does what it is for', async () => {
    const [victim, near] = await heard()
    await lab.enforce({
      devices: [{ mac: Lab.mac(1), name: 'camera', mud: 'camera.json' }],
      quarantine: { denied: 1_000_000, seconds: 10 },
    })
    const attacking = attack()
    assert.equal(await bot.reach(internetAddress, 443, 'tcp', { within: 8000 }), true)
    await attacking
    const [victimAfter, nearAfter] = await heard()
    assert.equal(victimAfter.packets, victim.packets)
    assert.equal(victimAfter.connections, victim.connections + 1)
    assert.deepEqual(nearAfter, near)
  })

  test('is named, with what it tried', async () => {
    const scan = await lab.told(
      one => one.event === 'denied' && one.address === otherAddress && one.port === 23,
    )
    assert.match(scan.text, /^camera tried to reach 198\.51\.100\.20 tcp 23: \d+ packets/)
    await lab.told(one => one.event === 'denied' && one.address === Lab.address(1))
    await lab.told(one => one.event === 'denied' && one.protocol === 'udp' && one.port === 9)
  })

  test('is cut off by rule when it goes on', async () => {
    await lab.stop()
    const from = lab.events.length
    await lab.enforce({
      devices: [{ mac: Lab.mac(1), name: 'camera', mud: 'camera.json' }],
      quarantine: { denied: 100, seconds: 10 },
    })
    await bot.do('shout', { host: otherAddress, port: 9, count: 200 })
    const { text } = await lab.told(({ event }) => event === 'quarantined', from)
    assert.match(text, /^camera is cut off: \d+ packets within 10 s that its file does not allow$/)
    const cut = lab.events.findIndex(({ event }, i) => i >= from && event === 'quarantined')
    await lab.told(({ event }) => event === 'loaded', cut)
    assert.equal(await bot.reach(internetAddress, 443), false)
  })

  const heard = () =>
    Promise.all([lab.internet, neighbour].map(host => host.do<Heard>('heard'))) as Promise<
      [Heard, Heard]
    >
})

/** Each pair once, as user and password. */
function credentials(): string[][] {
  const lines = readFileSync(list, 'utf8').trim().split('\n').slice(1)
  const pairs = lines.map(line => line.split(',').slice(0, 2).join(','))
  return [...new Set(pairs)].map(pair => pair.split(','))
}
