import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { internetAddress, Lab, otherAddress, whyNoLab } from './testing/lab.ts'

const lamp = {
  'ietf-mud:mud': {
    'mud-version': 1,
    'mud-url': 'https://lamp.example/lamp',
    'last-update': '2026-11-21T00:00:00Z',
    'is-supported': true,
    'from-device-policy': { 'access-lists': { 'access-list': [{ name: 'out' }] } },
    'to-device-policy': { 'access-lists': { 'access-list': [{ name: 'in' }] } },
  },
  'ietf-access-control-list:acls': {
    acl: [
      {
        name: 'out',
        type: 'ipv4-acl-type',
        aces: {
          ace: [
            ace('cloud', 'dst', 'cloud.lamp.example'),
            ace('twin', 'dst'),
            ace('served', 'src', undefined, 'to-device'),
          ],
        },
      },
      {
        name: 'in',
        type: 'ipv4-acl-type',
        aces: {
          ace: [
            ace('cloud', 'src', 'cloud.lamp.example'),
            ace('twin', 'src'),
            ace('served', 'dst', undefined, 'to-device'),
          ],
        },
      },
    ],
  },
}

/** TCP on a port of one end: 443 of a host, 8080 of one of the device’s own make. */
function ace(name: string, end: 'src' | 'dst', host?: string, opened = 'from-device') {
  const port = `${end === 'dst' ? 'destination' : 'source'}-port`
  const tcp = {
    [port]: { operator: 'eq', port: host ? 443 : 8080 },
    'ietf-mud:direction-initiated': opened,
  }
  const peer = host
    ? { ipv4: { protocol: 6, [`ietf-acldns:${end}-dnsname`]: host } }
    : { 'ietf-mud:mud': { 'same-manufacturer': [null] } }
  return { name, matches: { ...peer, tcp }, actions: { forwarding: 'accept' } }
}

describe('a gateway', { skip: whyNoLab }, () => {
  const lab = new Lab(4)
  const [first, twin, laptop, other] = lab.devices as [
    (typeof lab.devices)[0],
    (typeof lab.devices)[0],
    (typeof lab.devices)[0],
    (typeof lab.devices)[0],
  ]
  const quarantine = join(lab.folder, 'state/quarantine/02-00-00-00-00-01.json')

  before(async () => {
    await lab.open()
    lab.write('lamp.json', lamp)
    lab.write('other.json', JSON.stringify(lamp).replaceAll('lamp.example', 'other.example'))
    await lab.internet.do('dns', {
      names: { 'cloud.lamp.example': [internetAddress], 'evil.example': [otherAddress] },
    })
    for (const port of [443, 23]) await lab.internet.do('serve', { port })
    await lab.internet.do('serve', { port: 9000, protocol: 'udp' })
    for (const host of lab.devices) await host.do('serve', { port: 8080 })
    await lab.enforce({
      devices: [
        { mac: Lab.mac(1), name: 'lamp', mud: 'lamp.json' },
        { mac: Lab.mac(2), name: 'twin', mud: 'lamp.json' },
        { mac: Lab.mac(4), name: 'other', mud: 'other.json' },
      ],
    })
  })
  after(() => lab.close())

  test('lets a device reach what its file names, and nothing else', async () => {
    assert.equal(await first.reach(internetAddress, 443), true)
    assert.equal(await first.reach(internetAddress, 23), false)
    assert.equal(await first.reach(otherAddress, 443), false)
    assert.equal(await first.reach(internetAddress, 9000, 'udp'), false)
  })

  test('lets nobody reach a device that its file does not name', async () => {
    assert.equal(await lab.internet.reach(Lab.address(0), 8080), false)
    assert.equal(await laptop.reach(Lab.address(0), 8080), false)
    assert.equal(await other.reach(Lab.address(0), 8080), false)
  })

  test('lets devices of one maker talk, across one bridge, and no others', async () => {
    assert.equal(await first.reach(Lab.address(1), 8080), true)
    assert.equal(await first.reach(Lab.address(3), 8080), false)
    assert.equal(await first.reach(Lab.address(2), 8080), false)
  })

  test('leaves machines without a file as they were', async () => {
    assert.equal(await laptop.reach(internetAddress, 23), true)
    assert.equal(await laptop.reach(internetAddress, 9000, 'udp'), true)
  })

  test('tells what a device tried, by its name', async () => {
    const { text, device } = await lab.told(one => one.event === 'denied' && one.port === 23)
    assert.equal(device, 'lamp')
    assert.match(text, /^lamp tried to reach 198\.51\.100\.10 tcp 23: \d+ packets in \d+ s$/)
    await lab.told(one => one.event === 'denied' && one.way === 'in' && one.port === 8080)
  })

  test('refuses an address that is another’s', async () => {
    await other.run(`ip address add ${Lab.address(0)}/32 dev eth0`)
    assert.equal(await first.reach(internetAddress, 443), true)
    await lab.router.run(`ip neigh flush dev br-lan`)
    await other.run(`ip route replace ${internetAddress} via 192.168.77.1 src ${Lab.address(0)}`)
    await other.reach(internetAddress, 443)
    await lab.told(one => one.event === 'denied' && one.way === 'spoof' && one.device === 'other')
    await other.run(`ip address del ${Lab.address(0)}/32 dev eth0`)
  })

  test('cuts a device off by a file in its folder, and releases it', async () => {
    writeFileSync(quarantine, JSON.stringify({ since: 'now', why: 'a test' }))
    await lab.told(({ event, text }) => event === 'quarantined' && /a test/.test(text))
    await lab.told(({ event }) => event === 'loaded' && lab.events.at(-1)?.event === 'loaded')
    assert.equal(await first.reach(internetAddress, 443), false)
    assert.equal(await twin.reach(internetAddress, 443), true)
    rmSync(quarantine)
    await lab.told(({ event }) => event === 'released')
    await lab.told(() => lab.events.at(-1)?.event === 'loaded')
    assert.equal(await first.reach(internetAddress, 443), true)
  })
})
