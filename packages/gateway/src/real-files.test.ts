import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { type Host, internetAddress, Lab, otherAddress, whyNoLab } from './testing/lab.ts'

const folder = '../shared/data/mud'
const whyNot = whyNoLab || (!existsSync(folder) && `${folder} is not there`)

/** One try: who reaches whom, on which port, and whether the file lets it. */
type Try = readonly [
  from: 'device' | 'cloud' | 'other' | 'near',
  to: 'device' | 'cloud' | 'other' | 'near',
  protocol: 'tcp' | 'udp',
  port: number,
  isAllowed: boolean,
]

/** What files that were found say, tried in both directions. `hosts` are the names that mean the cloud. */
const files: readonly { file: string; hosts: readonly string[]; tries: readonly Try[] }[] = [
  {
    file: 'unsw-blipcareBPmeterMud.json',
    hosts: ['tech.carematix.com'],
    tries: [
      ['device', 'cloud', 'tcp', 8777, true],
      ['device', 'cloud', 'tcp', 23, false],
      ['device', 'other', 'tcp', 8777, false],
      ['device', 'near', 'tcp', 8777, false],
      ['near', 'device', 'tcp', 8000, false],
      ['cloud', 'device', 'tcp', 8000, false],
    ],
  },
  {
    file: 'unsw-lifxbulbMud.json',
    hosts: ['v2.broker.lifx.co', 'pool.ntp.org'],
    tries: [
      ['device', 'cloud', 'tcp', 56700, true],
      ['device', 'cloud', 'udp', 123, true],
      ['device', 'cloud', 'udp', 5683, false],
      ['device', 'other', 'udp', 123, false],
      ['cloud', 'device', 'tcp', 8000, false],
    ],
  },
  {
    file: 'nist-mudfile-tcp-direction-test.json',
    hosts: [],
    tries: [
      ['device', 'near', 'tcp', 800, true],
      ['near', 'device', 'tcp', 8000, true],
      ['device', 'near', 'tcp', 8000, false],
      ['near', 'device', 'tcp', 800, false],
      ['cloud', 'device', 'tcp', 8000, false],
      ['device', 'cloud', 'tcp', 800, false],
    ],
  },
  {
    file: 'daq-lightbulb.json',
    hosts: ['unit.test.address'],
    tries: [
      ['device', 'cloud', 'tcp', 443, true],
      ['cloud', 'device', 'tcp', 23, true],
      ['other', 'device', 'tcp', 23, false],
      ['near', 'device', 'tcp', 23, false],
      ['cloud', 'device', 'tcp', 443, false],
      ['device', 'other', 'tcp', 443, false],
    ],
  },
  {
    file: 'nist-mudfile-mycontrollerclass-test.json',
    hosts: [],
    tries: [['device', 'other', 'tcp', 443, false]],
  },
]

describe('a MUD file that was found', { skip: whyNot }, () => {
  const lab = new Lab(2)
  const [device, near] = lab.devices as [Host, Host]
  const hosts = { device, near, cloud: lab.internet, other: lab.internet }
  const addresses = {
    device: Lab.address(0),
    near: Lab.address(1),
    cloud: internetAddress,
    other: otherAddress,
  }
  let enforced = 0

  before(async () => {
    await lab.open()
    const names = files.flatMap(({ hosts: all }) => all.map(name => [name, [internetAddress]]))
    await lab.internet.do('dns', { names: Object.fromEntries(names) })
    const ports = new Set(
      files.flatMap(({ tries }) => tries.map(([, , by, port]) => `${by} ${port}`)),
    )
    for (const one of ports) {
      const [protocol, port] = one.split(' ')
      for (const host of [device, near, lab.internet]) {
        await host.do('serve', { protocol, port: Number(port) })
      }
    }
  })
  after(() => lab.close())

  /** The first file starts the gateway; each of the others is what an administrator changes. */
  async function enforce(file: string): Promise<void> {
    lab.write('device.json', readFileSync(`${folder}/${file}`, 'utf8'))
    const from = lab.events.length
    if (enforced === 0) {
      const { mac, address } = { mac: Lab.mac(1), address: Lab.address(0) }
      await lab.enforce({ devices: [{ mac, mud: 'device.json', addresses: [address] }] })
    } else await lab.told(({ event }) => event === 'loaded', from)
    enforced += 1
  }

  const attempt = ([from, to, protocol, port, isAllowed]: Try) => {
    const local = from === 'other' ? otherAddress : undefined
    const within = isAllowed ? 8000 : 700
    return hosts[from].reach(addresses[to], port, protocol, { within, local })
  }

  for (const { file, hosts: names, tries } of files) {
    test(`${file} means to packets what it says`, async () => {
      await enforce(file)
      for (const name of names) {
        await lab.told(one => one.event === 'name' && one.name === name)
      }
      const went = await Promise.all(tries.map(attempt))
      assert.deepEqual(
        tries.map((one, i) => [...one.slice(0, 4), went[i]]),
        tries.map(one => [...one]),
      )
    })
  }
})
