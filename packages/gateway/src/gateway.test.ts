import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { internetAddress, internetAddress6, Lab, otherAddress, whyNoLab } from './testing/lab.ts'

/** What works is waited for: only what must not work is given up soon. */
const patience = { within: 8000 }

const lamp = {
  'ietf-mud:mud': {
    'mud-version': 1,
    'mud-url': 'https://lamp.example/lamp',
    'last-update': '2026-11-21T00:00:00Z',
    'is-supported': true,
    'from-device-policy': {
      'access-lists': { 'access-list': [{ name: 'out' }, { name: 'out6' }] },
    },
    'to-device-policy': { 'access-lists': { 'access-list': [{ name: 'in' }, { name: 'in6' }] } },
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
        name: 'out6',
        type: 'ipv6-acl-type',
        aces: { ace: [ace6('destination')] },
      },
      {
        name: 'in6',
        type: 'ipv6-acl-type',
        aces: { ace: [ace6('source')] },
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

function ace6(end: 'source' | 'destination') {
  const tcp = {
    [`${end}-port`]: { operator: 'eq', port: 443 },
    'ietf-mud:direction-initiated': 'from-device',
  }
  const ipv6 = { protocol: 6, [`${end}-ipv6-network`]: `${internetAddress6}/128` }
  return { name: 'cloud', matches: { ipv6, tcp }, actions: { forwarding: 'accept' } }
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

async function refused(tries: readonly Promise<boolean>[]): Promise<void> {
  assert.deepEqual(
    await Promise.all(tries),
    tries.map(() => false),
  )
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
        { mac: Lab.mac(1), name: 'lamp', mud: 'lamp.json', addresses: [Lab.address(0)] },
        { mac: Lab.mac(2), name: 'twin', mud: 'lamp.json' },
        { mac: Lab.mac(4), name: 'other', mud: 'other.json' },
      ],
    })
  })
  after(() => lab.close())

  test('lets a device reach what its file names, and nothing else', async () => {
    assert.equal(await first.reach(internetAddress, 443, 'tcp', patience), true)
    await refused([
      first.reach(internetAddress, 23),
      first.reach(otherAddress, 443),
      first.reach(internetAddress, 9000, 'udp'),
    ])
  })

  test('does the same over IPv6', async () => {
    assert.equal(await first.reach(internetAddress6, 443, 'tcp', patience), true)
    await refused([
      first.reach(internetAddress6, 23),
      first.reach(internetAddress6, 9000, 'udp'),
      first.reach(Lab.address6(2), 8080),
      lab.internet.reach(Lab.address6(0), 8080),
      laptop.reach(Lab.address6(0), 8080),
    ])
    assert.equal(await laptop.reach(internetAddress6, 23, 'tcp', patience), true)
    await lab.told(one => one.event === 'denied' && one.address === internetAddress6)
  })

  test('lets nobody reach a device that its file does not name', () =>
    refused([lab.internet, laptop, other].map(host => host.reach(Lab.address(0), 8080))))

  test('lets devices of one maker talk, across one bridge, and no others', async () => {
    assert.equal(await first.reach(Lab.address(1), 8080, 'tcp', patience), true)
    await refused([first.reach(Lab.address(3), 8080), first.reach(Lab.address(2), 8080)])
  })

  test('leaves machines without a file as they were', async () => {
    assert.equal(await laptop.reach(internetAddress, 23, 'tcp', patience), true)
    assert.equal(await laptop.reach(internetAddress, 9000, 'udp', patience), true)
  })

  test('tells what a device tried, by its name', async () => {
    const { text, device } = await lab.told(one => one.event === 'denied' && one.port === 23)
    assert.equal(device, 'lamp')
    assert.match(text, /^lamp tried to reach 198\.51\.100\.10 tcp 23: \d+ packets in \d+ s$/)
    await lab.told(one => one.event === 'denied' && one.way === 'in' && one.port === 8080)
  })

  test('refuses an address that is another’s', async () => {
    const [card] = JSON.parse(await lab.router.run('ip -j link show br-lan'))
    await other.run(`ip neigh replace 192.168.77.1 lladdr ${card.address} dev eth0`)
    await other.run(`ip address add ${Lab.address(0)}/32 dev eth0`)
    await other.run(`ip route replace ${internetAddress} via 192.168.77.1 src ${Lab.address(0)}`)
    await other.reach(internetAddress, 443)
    await lab.told(one => one.event === 'denied' && one.way === 'spoof' && one.device === 'other')
    await other.run(`ip address del ${Lab.address(0)}/32 dev eth0`)
  })

  /** Does something, and waits until it is told and in force. */
  async function until(event: string, deed: () => void): Promise<void> {
    const from = lab.events.length
    deed()
    await lab.told(one => one.event === event, from)
    await lab.told(one => one.event === 'loaded', from)
  }

  test('cuts a device off by a file in its folder, and releases it', async () => {
    await until('quarantined', () => writeFileSync(quarantine, '{"since":"now","why":"a test"}'))
    assert.equal(await first.reach(internetAddress, 443), false)
    assert.equal(await twin.reach(internetAddress, 443, 'tcp', patience), true)
    await until('released', () => rmSync(quarantine))
    assert.equal(await first.reach(internetAddress, 443, 'tcp', patience), true)
  })

  test('keeps its rules when it is killed, and what it learned when it comes back', async () => {
    await lab.stop('SIGKILL')
    assert.equal(await first.reach(internetAddress, 443, 'tcp', patience), true)
    assert.equal(await first.reach(internetAddress, 23), false)
    await lab.internet.do('dns', { names: {} })
    await lab.start()
    assert.equal(await first.reach(internetAddress, 443, 'tcp', patience), true)
    assert.equal(await first.reach(internetAddress, 23), false)
  })

  test('takes a changed file, and nothing of one that is none', async () => {
    await lab.internet.do('dns', { names: { 'cloud2.lamp.example': [otherAddress] } })
    const next = JSON.stringify(lamp).replaceAll('cloud.lamp', 'cloud2.lamp')
    await until('loaded', () => lab.write('lamp.json', next))
    await lab.told(one => one.event === 'name' && one.name === 'cloud2.lamp.example')
    assert.equal(await first.reach(otherAddress, 443, 'tcp', patience), true)
    assert.equal(await first.reach(internetAddress, 443), false)
    await until('fault', () => lab.write('lamp.json', '{"ietf-mud:mud": {}}'))
    assert.equal(await first.reach(otherAddress, 443, 'tcp', patience), true)
  })

  test('answers a device for the names of its file alone', async () => {
    const ask = (host: string) => first.do('ask', { host })
    assert.deepEqual(await ask('cloud2.lamp.example'), [otherAddress])
    assert.equal(await ask('tunnel.evil.example'), 'refused')
    await lab.told(one => one.event === 'refused' && one.name === 'tunnel.evil.example')
  })
})
